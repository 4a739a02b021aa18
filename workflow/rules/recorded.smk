# SPDX-License-Identifier: Apache-2.0
# Source `recorded`: a campaign that somebody ran, committed as archives with checksums.


rule unpack:
    """Check the recorded campaign against its checksums and unpack its records."""
    input:
        recorded=recorded_files(),
    output:
        description=campaign("campaign.json"),
        study=campaign("study.yaml"),
        records=directory(campaign("records")),
    log:
        "results/logs/unpack.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        source=SETTINGS.recorded_folder,
        folder=SETTINGS.campaign_folder,
    shell:
        "nsm-resilience archive unpack {params.source} --out {params.folder} > {log} 2>&1"
