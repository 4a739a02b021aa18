# SPDX-License-Identifier: Apache-2.0
"""The judge: a record in, a verdict with its evidence out. Pure: reads records and nothing else.

The runner never judges and the judge never writes a record, so that every verdict can be made anew
from what was recorded. How a record becomes a verdict, in the order in which to read it:

1. `campaign` reads each attempt twice: a first look for what lanes did to each other, then its
   verdict. `expected` binds it to the study of its campaign, by which it is judged.
2. `plausible`, with `protocol`, `agreement` and `injected`: what cannot be is not believed. Each
   check yields what is wrong, and the first thing is the reason.
3. `traces`, `acts` and `shared` lay the lanes side by side; `disturbed` judges an attempt with what
   it shares with another lane, and without.
4. `trial` asks every part for what it measures, and for its problem (`evidence.Problem`): `verdict`
   takes the first problem, or else decides by the path and the new client.
5. The path: `outages` (what is lost), `lateness`, `settled` (what lives), `path`. New clients:
   `newconnection`, `newclients`. Before the fault: `steady`. The fault: `injection`.
6. What decides no verdict: `detection`, `notification`, `listener`, `logs`, `components`,
   `processor_time`. Their wall times become instants in `wall_clock`.

All rules in words: `rulebook.md`. What one record gives, as a line of JSON: `judgement`.
"""
