"""The metadata document of the REST API, in XML (OData's CSDL 4.0)."""

from functools import cache
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gateway.graph_json.model import (
    COMMS_OPERATION,
    INVITE_PARTICIPANTS_OPERATION,
    NAMESPACE,
    PARTICIPANT,
    STATUSES,
    STRUCTURED_TYPES,
    Property,
    StructuredType,
)

_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_VOCABULARIES = "https://docs.oasis-open.org/odata/odata-vocabularies/v4.0/vocabularies"
_CAPABILITIES = "Org.OData.Capabilities.V1"
_OPERATIONS = f"Collection({NAMESPACE}.{COMMS_OPERATION.name})"
_INVITES = f"Collection({NAMESPACE}.{INVITE_PARTICIPANTS_OPERATION.name})"


@cache
def csdl() -> bytes:
    """Return the metadata document."""
    root = Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": _EDMX})
    reference = SubElement(root, "edmx:Reference", {"Uri": f"{_VOCABULARIES}/{_CAPABILITIES}.xml"})
    SubElement(reference, "edmx:Include", {"Namespace": _CAPABILITIES})
    services = SubElement(root, "edmx:DataServices")
    schema = SubElement(services, "Schema", {"xmlns": _EDM, "Namespace": NAMESPACE})
    _add_statuses(schema)
    for type_ in STRUCTURED_TYPES.values():
        _add_type(schema, type_)
    _add_calls(schema)
    _add_operations(schema)
    container = SubElement(schema, "EntityContainer", {"Name": "GraphService"})
    singleton = {"Name": "communications", "Type": f"{NAMESPACE}.cloudCommunications"}
    SubElement(container, "Singleton", singleton)
    for path in ("cloudCommunications/inviteParticipantsOperations", "call/operations"):
        _annotate(schema, f"{NAMESPACE}.{path}")
    indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root)


def _add_statuses(schema: Element) -> None:
    enumeration = SubElement(schema, "EnumType", {"Name": "operationStatus"})
    for value, name in enumerate(STATUSES):
        SubElement(enumeration, "Member", {"Name": name, "Value": str(value)})


def _add_type(schema: Element, type_: StructuredType) -> None:
    attributes = {"Name": type_.name}
    if type_.base:
        attributes["BaseType"] = f"{NAMESPACE}.{type_.base.name}"
    if type_.is_open:
        attributes["OpenType"] = "true"
    element = SubElement(schema, "EntityType" if type_.is_entity else "ComplexType", attributes)
    if type_.is_entity and type_.base is None:
        SubElement(SubElement(element, "Key"), "PropertyRef", {"Name": "id"})
    for name, declared in type_.own_properties.items():
        nullable = {} if declared.is_nullable else {"Nullable": "false"}
        SubElement(element, "Property", {"Name": name, "Type": _name(declared), **nullable})


def _name(declared: Property) -> str:
    name = declared.type if declared.type.startswith("Edm.") else f"{NAMESPACE}.{declared.type}"
    return f"Collection({name})" if declared.is_collection else name


def _add_calls(schema: Element) -> None:
    """Add the types that contain operations; of a call, only its operations are served."""
    entity = f"{NAMESPACE}.entity"
    communications = SubElement(schema, "EntityType", {"Name": "cloudCommunications"})
    _contain(communications, "calls", f"Collection({NAMESPACE}.call)")
    _contain(communications, "inviteParticipantsOperations", _INVITES)
    call = SubElement(schema, "EntityType", {"Name": "call", "BaseType": entity})
    _contain(call, "operations", _OPERATIONS)
    _contain(call, "participants", f"Collection({NAMESPACE}.participant)")
    SubElement(schema, "EntityType", {"Name": "participant", "BaseType": entity})


def _contain(element: Element, name: str, type_: str) -> None:
    SubElement(
        element, "NavigationProperty", {"Name": name, "Type": type_, "ContainsTarget": "true"}
    )


def _add_operations(schema: Element) -> None:
    """Add the action ``invite`` and the function ``delta``."""
    action = SubElement(schema, "Action", {"Name": "invite", "IsBound": "true"})
    participants = f"Collection({NAMESPACE}.participant)"
    SubElement(action, "Parameter", {"Name": "bindingParameter", "Type": participants})
    invited = f"Collection({NAMESPACE}.{PARTICIPANT.name})"
    SubElement(action, "Parameter", {"Name": "participants", "Type": invited, "Nullable": "false"})
    SubElement(action, "Parameter", {"Name": "clientContext", "Type": "Edm.String"})
    invite = f"{NAMESPACE}.{INVITE_PARTICIPANTS_OPERATION.name}"
    SubElement(action, "ReturnType", {"Type": invite})
    for type_ in (_OPERATIONS, _INVITES):
        function = SubElement(schema, "Function", {"Name": "delta", "IsBound": "true"})
        SubElement(function, "Parameter", {"Name": "bindingParameter", "Type": type_})
        SubElement(function, "ReturnType", {"Type": type_})


def _annotate(schema: Element, target: str) -> None:
    """Annotate a collection with the query options that it supports."""
    annotations = SubElement(schema, "Annotations", {"Target": target})
    for term, property_, value in (
        ("ExpandRestrictions", "Expandable", "false"),
        ("SearchRestrictions", "Searchable", "true"),
        ("CountRestrictions", "Countable", "true"),
    ):
        annotation = SubElement(annotations, "Annotation", {"Term": f"{_CAPABILITIES}.{term}"})
        record = SubElement(annotation, "Record")
        SubElement(record, "PropertyValue", {"Property": property_, "Bool": value})
