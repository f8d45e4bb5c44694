"""Tacotron 2 faster, beside `decoder.py`, which says what is computed; tests hold each of these to it.

- `training.py`: all taught steps at once; `recurrence.py` under it, the loop with its gradient written out.
- `speaking.py`: the free-running loop on one row of state, in blocks, on a GPU as CUDA graphs; `kept.py` is what the next
  sentence uses again; `weights.py` holds weights in fp32, fp16 or int8; `operators.py` is where torch's private operators
  are looked up.
"""
