"""docs/own-cloud.md, walked word by word on a cloud that is not the lab that everything else is developed on."""
