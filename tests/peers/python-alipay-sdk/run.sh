#!/usr/bin/env bash
# The python-alipay-sdk package against a sandbox (SANDBOX_URL, KEYS_DIR). Its clock is local time: Beijing's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export TZ=Asia/Shanghai PYTHONPATH=.. PYTHONDONTWRITEBYTECODE=1
exec "${PEER_PYTHON:?run deploy/dev/venv.sh}" peer.py
