"""A trained network for TensorFlow Serving (``saved_model``), small devices (``litert``) and ONNX."""
