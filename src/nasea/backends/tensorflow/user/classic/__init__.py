"""Files written for an earlier TensorFlow: how they are imported, and what they see."""
