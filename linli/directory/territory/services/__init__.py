"""Changes of the territory."""

from linli.directory.territory.services.importing import AreaInUse, import_territory, preview_territory
from linli.directory.territory.services.reading import read_territory, territory_source
from linli.directory.territory.services.records import import_records, preview_records, read_records
from linli.directory.territory.services.streets import import_streets, read_streets

__all__ = [
    "AreaInUse",
    "import_records",
    "import_streets",
    "import_territory",
    "preview_records",
    "preview_territory",
    "read_records",
    "read_streets",
    "read_territory",
    "territory_source",
]
