# SPDX-License-Identifier: Apache-2.0
"""The provenance file of a build: an RO-Crate of the Workflow Run profiles.

`results/ro-crate-metadata.json` describes the folder it lies in: the workflow and its steps
(prospective), the trials and the steps' results (retrospective), and every file by its checksum.
It follows RO-Crate 1.1 and the profiles Process, Workflow and Provenance Run Crate 0.5
(https://w3id.org/ro/wfrun/provenance/0.5). All its times are of trials, none of the build.
"""
