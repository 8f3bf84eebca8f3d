"""The wire format of Visemill: stubs generated from the .proto files beside them."""
