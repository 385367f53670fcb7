"""`openaicompat-providers.yaml`: providers and their models as a file that people edit, too."""

from maestro.provider_file.entry import FILE_NAME as FILE_NAME
from maestro.provider_file.entry import ProviderEntry as ProviderEntry
from maestro.provider_file.entry import ProviderFileError as ProviderFileError
from maestro.provider_file.entry import why_not_written as why_not_written
from maestro.provider_file.misfits import Misfit as Misfit
from maestro.provider_file.misfits import ids_of as ids_of
from maestro.provider_file.misfits import usable as usable
from maestro.provider_file.reading import compose as compose
from maestro.provider_file.reading import examined as examined
from maestro.provider_file.reading import parse as parse
from maestro.provider_file.reading import read as read
from maestro.provider_file.writing import without_keys as without_keys
from maestro.provider_file.writing import write as write
