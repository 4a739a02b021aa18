# SPDX-License-Identifier: Apache-2.0
# From trials on a cluster to the paper. `snakemake` alone builds everything from the recorded
# campaign; `snakemake --profile profiles/live` runs the trials first. Settings: config/README.md.
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


report: "workflow/report/start.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/recorded.smk"


if SETTINGS.source == "live":

    include: "workflow/rules/live.smk"


include: "workflow/rules/judge.smk"
include: "workflow/rules/notebooks.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/html.smk"
include: "workflow/rules/crate.smk"


onsuccess:
    print(closing_words(Path("results")), file=sys.stderr)


rule all:
    """Everything a build leaves in results/."""
    default_target: True
    input:
        RESULTS,
        "results/report.html",
        "results/ro-crate-metadata.json",
        "results/site",
