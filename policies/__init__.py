"""What is lawful: the evidence catalogue, scopes, legal bases and the Cedar decision."""
