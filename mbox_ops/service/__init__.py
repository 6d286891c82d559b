"""The rules: one module per noun; the only caller of the store."""
