"""What the API speaks: msgspec Structs, one module per noun, imported by client and server alike."""
