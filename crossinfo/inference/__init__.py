"""Using a trained network: opening it, one depth frame in, one pose out."""
