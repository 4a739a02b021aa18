# SPDX-License-Identifier: Apache-2.0
# Recorded campaigns, committed as archives with checksums.

if SETTINGS.source == "recorded":

    os.environ[STEPS_LOCK] = str(steps_lock(Path("results")).absolute())

    # In place of Snakemake's own lock, which a killed build leaves behind (profiles/default).
    onstart:
        with told_by_snakemake():
            hold_build(Path("results"), lambda text: print(text, file=sys.stderr))
        look_when_jobs_end()


rule unpack:
    """Check a recorded campaign against its checksums and unpack its records."""
    input:
        recorded=lambda wildcards: recorded_files(wildcards.campaign),
    output:
        description="results/unpacked/{campaign}/campaign.json",
        study="results/unpacked/{campaign}/study.yaml",
        commits="results/unpacked/{campaign}/commits.json",
        records=directory("results/unpacked/{campaign}/records"),
    log:
        "results/logs/unpack-{campaign}.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        source=lambda wildcards, input: Path(input.recorded[0]).parent,
        folder=lambda wildcards, output: Path(output.description).parent,
    shell:
        "nsm-resilience archive unpack {params.source:q} --out {params.folder:q} > {log:q} 2>&1"
