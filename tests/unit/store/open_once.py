"""Opens a database and prints how many notices there are: `open_once FILE`."""

import sys
from pathlib import Path

from maestro.database.opening import open_database

print("ready", flush=True)
opening = open_database(Path(sys.argv[1]))
print(len(list(opening.notices())), flush=True)
opening.connection.close()
