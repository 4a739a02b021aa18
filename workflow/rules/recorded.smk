# SPDX-License-Identifier: Apache-2.0
# Campaigns that somebody ran, committed as archives with checksums: the one that is built where the
# source is `recorded`, and the one that is put beside it (`compare:`).

if SETTINGS.source == "recorded":
    recorded_files(SETTINGS.campaign)  # a wrong name is an error before anything is planned


rule unpack:
    """Check a recorded campaign against its checksums and unpack its records."""
    input:
        recorded=lambda wildcards: recorded_files(wildcards.campaign),
    output:
        description="results/unpacked/{campaign}/campaign.json",
        study="results/unpacked/{campaign}/study.yaml",
        records=directory("results/unpacked/{campaign}/records"),
    log:
        "results/logs/unpack-{campaign}.log",
    wildcard_constraints:
        campaign=r"[A-Za-z0-9][A-Za-z0-9._-]*",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        source=lambda wildcards, input: Path(input.recorded[0]).parent,
        folder=lambda wildcards, output: Path(output.description).parent,
    shell:
        "nsm-resilience archive unpack {params.source} --out {params.folder} > {log} 2>&1"
