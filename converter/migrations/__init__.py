"""How the key database came to its present shape, one dated step a file."""
