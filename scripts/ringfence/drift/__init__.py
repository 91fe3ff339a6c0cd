"""The other view of what a verification finds: layer by layer and object by object, with the command that puts each back, and a journal."""
