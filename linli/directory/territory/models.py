"""The ground as records: areas, buildings, places, facilities (components), legal entities. No personal data in any of them."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from linli.kernel.ids import new_id

# A check that comes out as NULL passes, so what must be there is said.
_POINT = Q(lon=None, lat=None) | Q(lon__isnull=False, lat__isnull=False, lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90)


class Territory(models.Model):
    """What holds for the whole territory; one row. ``revision`` changes with every import, so that memory knows when to read anew."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    root = models.ForeignKey("Area", on_delete=models.PROTECT, related_name="+")
    levels = models.JSONField(help_text='top down: [{"level": "street", "names": {"zh": …, "en": …}}, …]')
    timezone = models.TextField()
    holidays = models.TextField(help_text="country, or country-part, of the holidays package: CN, US-MA")
    border_metres = models.FloatField()
    outside_metres = models.FloatField()
    revision = models.UUIDField(default=new_id)
    at = models.DateTimeField(help_text="when it was imported")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="territory_single_row"),
            models.CheckConstraint(condition=Q(border_metres__gte=0, outside_metres__gte=F("border_metres")), name="territory_distances"),
        ]


class Area(models.Model):
    """One area of the tree, of any depth. ``path`` is the codes from the root, each followed by "/"; containment is a prefix."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True)
    level = models.TextField()
    depth = models.SmallIntegerField(help_text="steps from the root")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = models.TextField(unique=True)
    names = models.JSONField()
    households = models.IntegerField(null=True)
    lon = models.FloatField(null=True, help_text="a point in the area, WGS 84")
    lat = models.FloatField(null=True)
    geometry = models.BinaryField(null=True, help_text="WKB polygon or multipolygon, WGS 84")
    split = models.BooleanField(default=False, help_text="an upper area other than its own holds more than 1 % of it")
    sort_key = models.TextField(default="", help_text="pinyin of the name: there is no ICU to sort Chinese by")
    search = models.TextField(default="", help_text="names, those of the areas above, code and pinyin, for search by trigrams")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(code="") & ~Q(code__contains="/") & ~Q(level=""), name="area_code"),
            models.CheckConstraint(condition=Q(parent=None, depth=0) | Q(parent__isnull=False, depth__gt=0), name="area_depth"),
            models.UniqueConstraint(fields=["depth"], condition=Q(depth=0), name="area_one_root"),
            models.CheckConstraint(condition=Q(path__endswith=Concat(F("code"), Value("/"))), name="area_path"),
            models.CheckConstraint(condition=Q(households=None) | Q(households__gte=0), name="area_households"),
            models.CheckConstraint(condition=_POINT, name="area_point"),
        ]
        indexes = [
            models.Index(fields=["path"], name="area_path_prefix", opclasses=["text_pattern_ops"]),
            models.Index(fields=["level", "sort_key"], name="area_level"),
            GinIndex(fields=["search"], name="area_search", opclasses=["gin_trgm_ops"]),
        ]


class Addressed(models.Model):
    """What buildings, places, facilities and legal entities share: an area, a point, a standard address.

    Address elements follow GA/T 2000.32 and GB/T 39609: district → street (town) → community → road and number → compound →
    building → unit → room. ``address`` is the whole as people write it; where a file gives only elements it is put together.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.TextField(unique=True)
    names = models.JSONField()
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    placing = models.TextField(help_text="inside, border, outside or unplaced: how the area was found")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    address = models.TextField(default="")
    district = models.TextField(default="")
    street = models.TextField(default="")
    community = models.TextField(default="")
    road = models.TextField(default="")
    number = models.TextField(default="")
    compound = models.TextField(default="")
    building = models.TextField(default="")
    unit = models.TextField(default="")
    room = models.TextField(default="")
    search = models.TextField(default="", help_text="names, address, code and pinyin, for search by trigrams")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=~Q(code=""), name="%(class)s_code"),
            models.CheckConstraint(condition=_POINT, name="%(class)s_point"),
            models.CheckConstraint(condition=Q(placing__in=["inside", "border", "outside", "unplaced"]), name="%(class)s_placing"),
        ]
        indexes = [GinIndex(fields=["search"], name="%(class)s_search", opclasses=["gin_trgm_ops"])]


class Building(Addressed):
    """A building: where households, units and floors are counted."""

    floors = models.SmallIntegerField(null=True)
    units = models.SmallIntegerField(null=True)
    households = models.IntegerField(null=True)

    class Meta(Addressed.Meta):
        constraints = [
            *Addressed.Meta.constraints,
            models.CheckConstraint(condition=Q(households=None) | Q(households__gte=0), name="building_households"),
        ]


class Classed(Addressed):
    class_code = models.TextField(db_index=True)

    class Meta(Addressed.Meta):
        abstract = True
        constraints = [*Addressed.Meta.constraints, models.CheckConstraint(condition=~Q(class_code=""), name="%(class)s_class")]


class Place(Classed):
    """A place people speak of: a square, a school gate, a market, a station."""


class Facility(Classed):
    """A component of the city (部件): ``class_code`` follows GB/T 30428-2, 01–05 and subclass."""


class LegalEntity(Classed):
    """A firm, shop or institution at its address. Its registration number, never its people."""

    registration = models.TextField(default="", help_text="unified social credit code or the like")


class StreetPiece(models.Model):
    """The part of a street that lies in one lowest area: what the coverage of patrols is measured by."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="+")
    names = models.JSONField()
    line = models.BinaryField(help_text="WKB line, WGS 84")
    metres = models.FloatField(help_text="geodesic")
    source = models.TextField(db_index=True, help_text="the layer it came with; a new file of the layer replaces it")
    revision = models.UUIDField(help_text="the import that wrote it")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(metres__gt=0), name="streetpiece_metres"),
            models.CheckConstraint(condition=~Q(source=""), name="streetpiece_source"),
        ]
