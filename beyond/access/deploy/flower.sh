# For /etc/profile.d/: Flower's commands in the PATH; no usage reports, no look for updates, nothing installed at launch.
export PATH=/opt/flower/venv/bin:$PATH
export FLWR_TELEMETRY_ENABLED=0 FLWR_DISABLE_UPDATE_CHECK=1 FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION=1
