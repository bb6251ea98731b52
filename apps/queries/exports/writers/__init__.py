"""One file a kind of file: `write(Export) -> Iterator[bytes]`, a row group of the result at a time."""
