"""The door over gRPC: the service `modelbox.ModelStore` of `mbox_ops/wire/modelbox.proto`."""
