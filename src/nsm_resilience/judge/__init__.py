# SPDX-License-Identifier: Apache-2.0
"""The judge: a record in, a verdict with its evidence out. Pure: reads records and nothing else.

The runner never judges and the judge never writes a record, so that every verdict can be computed
again from the record. How a record becomes a verdict, in the order in which to read it:

1. `campaign` reads each attempt twice: first for disturbances between lanes, then for its verdict.
   `expected` binds it to the study of its campaign, by which it is judged.
2. `plausible`, with `protocol`, `agreement` and `injected`, rejects an impossible record. Each
   check yields problems, and the first one is the reason.
3. `traces`, `acts` and `shared` compare the lanes; `disturbed` judges an attempt with the losses
   that it shares with another lane, and without.
4. `trial` asks every part for its measures and its problem (`evidence.Problem`): `verdict` takes
   the first problem, or else decides by the path and the new client.
5. The path: `outages` (loss), `lateness`, `settled` (is it alive?), `path`. New clients:
   `newconnection`, `newclients`. Before the fault: `steady`. The fault: `injection`.
6. Measures that decide no verdict: `detection`, `notification`, `listener`, `logs`, `components`,
   `processor_time`. `wall_clock` converts their wall times to instants.

All rules in words: `rulebook.md`. What one record gives, as a line of JSON: `judgement`.
"""
