"""Restores a backup and prints where what was there before is: `restore_once FILE BACKUP`."""

import sys
from pathlib import Path

from maestro.database.backups import restore

print(restore(Path(sys.argv[1]), Path(sys.argv[2])))
