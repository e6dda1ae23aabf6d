"""What things cost, as ratios to a bare request measured in the same run."""
