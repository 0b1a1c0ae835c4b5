//! `opentelemetry.proto.common.v1` and `opentelemetry.proto.resource.v1`; knows no signal.

use super::Kind::{Bool, Bytes, Double, Int64, Message as Sub, String, Uint32};
use super::{Field, Message, Rule, message};

message! {
    ANY_VALUE {
        1 string_value stringValue: String, Explicit;
        2 bool_value boolValue: Bool, Explicit;
        3 int_value intValue: Int64, Explicit;
        4 double_value doubleValue: Double, Explicit;
        5 array_value arrayValue: Sub(&ARRAY_VALUE), Explicit;
        6 kvlist_value kvlistValue: Sub(&KEY_VALUE_LIST), Explicit;
        7 bytes_value bytesValue: Bytes, Explicit;
    }
    ARRAY_VALUE {
        1 values values: Sub(&ANY_VALUE), Repeated;
    }
    KEY_VALUE_LIST {
        1 values values: Sub(&KEY_VALUE), Repeated;
    }
    KEY_VALUE {
        1 key key: String, Plain;
        2 value value: Sub(&ANY_VALUE), Explicit;
    }
    SCOPE {
        1 name name: String, Plain;
        2 version version: String, Plain;
        3 attributes attributes: Sub(&KEY_VALUE), Repeated;
        4 dropped_attributes_count droppedAttributesCount: Uint32, Plain;
    }
    ENTITY_REF {
        1 schema_url schemaUrl: String, Plain;
        2 type type: String, Plain;
        3 id_keys idKeys: String, Repeated;
        4 description_keys descriptionKeys: String, Repeated;
    }
    RESOURCE {
        1 attributes attributes: Sub(&KEY_VALUE), Repeated;
        2 dropped_attributes_count droppedAttributesCount: Uint32, Plain;
        3 entity_refs entityRefs: Sub(&ENTITY_REF), Repeated;
    }
}
