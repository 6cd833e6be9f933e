"""What TensorFlow Serving needs: its settings (README.md beside this file), and rolling a new version out."""
