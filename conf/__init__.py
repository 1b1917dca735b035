"""Parameters: a choice of recipe, data set, machine and versions, composed into params.yaml."""
