"""protobuf ↔ domain, pure: enums by their names without the prefix, times aware and UTC."""
