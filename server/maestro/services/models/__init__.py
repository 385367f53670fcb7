"""Models by short strings: which there are, what a name means, and the services they come from."""

from maestro.services.models.choice import Before as Before
from maestro.services.models.deprecation import DeprecationNotices as DeprecationNotices
from maestro.services.models.deprecation import deprecation as deprecation
from maestro.services.models.discovery import ModelDiscoveryService as ModelDiscoveryService
from maestro.services.models.journey import Journey as Journey
from maestro.services.models.journey import reason_to_leave as reason_to_leave
from maestro.services.models.model_string import AUTO as AUTO
from maestro.services.models.names import split_first_slash as split_first_slash
from maestro.services.models.prices import PriceBook as PriceBook
from maestro.services.models.provider_config import ProviderConfig as ProviderConfig
from maestro.services.models.provider_manager import ProviderManager as ProviderManager
from maestro.services.models.service import LARGE as LARGE
from maestro.services.models.service import ModelService as ModelService
from maestro.services.models.target import Target as Target
