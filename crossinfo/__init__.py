"""CrossInfoNet in TensorFlow 2 / Keras 3: hand joints in millimetres from one depth frame."""
