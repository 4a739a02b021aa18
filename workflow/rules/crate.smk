# SPDX-License-Identifier: Apache-2.0
# Provenance for programs: runs, tools and inputs, as an RO-Crate of the results' folder.


rule crate:
    """Describe workflow, trials and results as an RO-Crate, with copies of the sources."""
    input:
        results=RESULTS,
        campaigns=described(),
        sources=workflow_sources(),
    output:
        metadata="results/ro-crate-metadata.json",
        sources=directory("results/source"),
    log:
        "results/logs/crate.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        workflow=lambda wildcards: described_workflow(),
        folders=campaign_folders(),
        code=code_of("provenance"),
    shell:
        "nsm-resilience crate {params.folders:q} --workflow {params.workflow:q}"
        " --out {output.metadata:q} > {log:q} 2>&1"
