#!/bin/sh
# Joints of the hand in a depth PNG, as JSON:
#   sh predict.sh http://localhost:8501 frame.png 363.9,363.9,255.4,206.3
# The request goes through a pipe, since a picture is too long for a command line.
printf '{"signature_name": "png", "instances": [{"camera": [%s], "image_bytes": {"b64": "%s"}}]}' \
  "$3" "$(base64 <"$2" | tr -d '\n')" |
  curl --silent --show-error --fail-with-body --data-binary @- "$1/v1/models/hand:predict"
