# SPDX-License-Identifier: Apache-2.0
# For those who review the artifact: the checkout with its environment, in a container. It builds the
# paper from the recorded campaigns; a live campaign needs Docker and kind and runs outside of it.
#
#   docker build -t nsm-resilience .
#   docker run --name review nsm-resilience        # builds everything
#   docker cp review:/nsm-resilience/results ./    # report.pdf, report.html, site, tables …
#   docker run --rm nsm-resilience .venv/bin/python -m pytest -n logical
#
# The first two were run once, the second with `--network none`, on a base of our own under this name: Debian 12
# with Python 3.12.1. The paper had the bytes of one that Python 3.11.7 had built outside from the same records.
FROM docker.io/library/python:3.12-slim
# the commit of the checkout is part of the provenance
RUN apt-get update && apt-get install -y --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
WORKDIR /nsm-resilience
COPY . .
# the files have another owner outside
RUN git config --system --add safe.directory /nsm-resilience && python3 tools/environment.py --dev
CMD [".venv/bin/snakemake"]
