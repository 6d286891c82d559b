"""Functions whose source is copied into the steps: standard library only, imported inside each function.

KFP copies functions one by one (`additional_funcs`), without decorators and without what stands around them: so a
function here uses no module-level name but other functions of this package, builtins and what `typing` exports.
Their names begin with `mbox_`, since they land in one module with the component's own.
"""
