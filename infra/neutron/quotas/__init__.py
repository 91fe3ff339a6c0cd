"""How many resources the declarations need, and whether a project has room for them."""
