"""One module per policy topic. A rule takes what it needs and answers with its reason."""
