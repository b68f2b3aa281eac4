"""What the org can tell about itself: versions, resources, objects and their fields. Source: reference 1.1, 1.5 (memory), 2026-11-20."""

from __future__ import annotations

from typing import Any

from simulators.kernel.calls import Call, Reply
from simulators.kernel.stages import System
from simulators.kernel.wire import Column, Wire, json_bytes

from .codecs import Limited, Number
from .errors import JSON, data_stem
from .objects import LABELS
from .rows import wire_of
from .state import Org
from .writing import is_external

SPRING_26 = 66
SEASONS = ("Spring", "Summer", "Winter")
RESOURCES = ("sobjects", "query", "queryAll", "limits", "composite")
LENGTHS = {"id": 18, "reference": 18, "picklist": 255}
FIXED = {"Organization", "User"}  # objects whose rows integrations do not make
NAME_FIELDS = {"Name", "LastName"}


def season(version: int) -> str:
    """The release that brought a version: three a year, Winter carrying the year to come."""
    year, index = divmod(version - SPRING_26, 3)
    return f"{SEASONS[index]} '{(26 + year + (index == 2)) % 100:02d}"


def versions(system: System[Org], _call: Call) -> Reply:
    listed = [
        {"label": season(v), "url": f"/services/data/v{v}.0", "version": f"{v}.0"} for v in sorted(system.settings.versions)
    ]
    return Reply(200, json_bytes(listed), JSON)


def resources(_system: System[Org], call: Call) -> Reply:
    stem = data_stem(call)
    return Reply(
        200,
        json_bytes({**{name: f"{stem}/{name}" for name in RESOURCES}, "identity": f"{call.base}/services/oauth2/userinfo"}),
        JSON,
    )


def describe_global(system: System[Org], call: Call) -> Reply:
    listed = [summary(wire, data_stem(call)) for wire in system.wires.values()]
    return Reply(200, json_bytes({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed}), JSON)


def about(system: System[Org], call: Call) -> Reply:
    """GET /sobjects/X: what it is; this org does not keep a list of recent items."""
    wire = wire_of(system, call, call.args[1])
    return Reply(200, json_bytes({"objectDescribe": summary(wire, data_stem(call)), "recentItems": []}), JSON)


def describe(system: System[Org], call: Call) -> Reply:
    wire = wire_of(system, call, call.args[1])
    document = {
        **summary(wire, data_stem(call)),
        "fields": [field(system, wire, column) for column in wire.columns],
        "childRelationships": children(system, wire),
        "recordTypeInfos": [],
    }
    return Reply(200, json_bytes(document), JSON)


def summary(wire: Wire, stem: str) -> dict[str, Any]:
    custom, writable = wire.name.endswith("__c"), wire.name not in FIXED
    single, plural = LABELS.get(wire.name, (wire.name, wire.name + "s"))
    at = f"{stem}/sobjects/{wire.name}"
    return {
        "name": wire.name, "label": single, "labelPlural": plural, "keyPrefix": wire.key_prefix, "custom": custom,
        "createable": writable, "updateable": writable, "deletable": writable, "undeletable": False, "queryable": True,
        "retrieveable": True, "searchable": False, "replicateable": True, "triggerable": True, "layoutable": True,
        "urls": {"sobject": at, "describe": f"{at}/describe", "rowTemplate": f"{at}/{{ID}}"},
    }  # fmt: skip


def field(system: System[Org], wire: Wire, column: Column) -> dict[str, Any]:
    codec, read_only = column.codec, not column.write
    held = wire.kind.by_name.get(column.field)
    long = codec.type == "textarea" and not codec.ordered
    number = codec.decode if isinstance(codec.decode, Number) else None
    above = system.state.schema.by_kind.get(held.to) if held is not None and held.to else None
    return {
        "name": column.wire,
        "label": label(column.wire),
        "type": codec.type,
        "length": codec.decode.length if isinstance(codec.decode, Limited) else LENGTHS.get(codec.type, 0),
        "precision": number.digits + number.places if number else 0,
        "scale": number.places if number else 0,
        "custom": column.wire.endswith("__c"),
        "nillable": not (column.required or codec.type in ("id", "boolean")),
        "createable": "c" in column.write,
        "updateable": "u" in column.write,
        "permissionable": not column.required and not read_only,
        "defaultedOnCreate": bool(held is not None and held.default is not None) or codec.type == "boolean",
        "calculated": codec.decode is None and codec.sql != "{0}" and codec.type != "reference",
        "unique": bool(held is not None and held.unique),
        "caseSensitive": bool(held is not None and held.unique),
        "externalId": is_external(wire, column),
        "idLookup": column.field == "id" or is_external(wire, column),
        "nameField": column.wire in NAME_FIELDS,
        "referenceTo": [above.name] if above is not None else (["User"] if codec.type == "reference" else []),
        "relationshipName": column.parent or None,
        "restrictedPicklist": bool(codec.values),
        "picklistValues": [{"value": v, "label": v, "active": True, "defaultValue": False} for v in codec.values],
        "filterable": not long,
        "sortable": not long,
        "groupable": not long and codec.type not in ("currency", "double", "percent", "datetime"),
        "aggregatable": not long and codec.type != "boolean",
    }


def label(name: str) -> str:
    plain = name.removesuffix("__c").replace("_", " ")
    return "".join(f" {c}" if c.isupper() and i and plain[i - 1].islower() else c for i, c in enumerate(plain))


def children(system: System[Org], wire: Wire) -> list[dict[str, Any]]:
    return [
        {
            "childSObject": c.wire,
            "field": c.column,
            "relationshipName": c.relation,
            "cascadeDelete": c.cascades,
            "deprecatedAndHidden": False,
        }
        for c in system.state.schema.children
        if c.parent == wire.name
    ]
