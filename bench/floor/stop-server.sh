#!/bin/sh
# Usage: stop-server.sh
set -eu
systemctl stop k3s
