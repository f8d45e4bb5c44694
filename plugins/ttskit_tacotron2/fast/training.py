"""All taught steps at once: what does not wait for the step before is one product, the rest is `recurrence.py`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ttskit.nn import AttentionKeys
from ttskit_tacotron2.decoder import Decoder, Taught
from ttskit_tacotron2.fast import recurrence

__all__ = ["teach"]


def teach(
    decoder: Decoder,
    texts: AttentionKeys,
    previous: Tensor,
    prenet_factors: Tensor | None,
    mixed: Tensor | None = None,
    share: float = 0.0,
    prior: Tensor | None = None,
) -> Taught:
    """`Decoder.teach` of the same arguments."""
    attention, memory = decoder.attention, texts.memory
    prenet = decoder.run_prenet(previous, prenet_factors).transpose(0, 1)
    first, bias, recurrent, second, second_bias = _weights(decoder)
    inputs = F.linear(prenet, first, bias)
    given = None
    if mixed is not None and share > 0:
        given = (share * torch.bmm(mixed.to(memory.dtype), memory)).transpose(0, 1)
    drop, second_drop = decoder.hidden_dropout(previous.shape[1], memory)
    done = recurrence.run(
        inputs,
        recurrent.t().contiguous(),
        memory,
        texts.keys,
        texts.padding,
        attention.query.weight,
        attention.location_conv.weight.flatten(1).t().contiguous(),
        attention.location_dense.weight.t().contiguous(),
        attention.score.weight[0],
        given,
        share,
        None if prior is None else prior.transpose(0, 1),
        drop,
        None if second is None else second.t().contiguous(),
        second_bias,
        second_drop,
    )
    top = torch.cat([done.state, done.context], 2).transpose(0, 1)
    wide = decoder.bands * decoder.reduction
    frames = F.linear(top, decoder.frame.weight[:wide], decoder.frame.bias[:wide])
    return Taught(frames, decoder.gate(top).squeeze(2), done.energies.transpose(0, 1), done.weights.transpose(0, 1))


def _weights(decoder: Decoder) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None]:
    """LSTM weights as the loop uses them: prenet part, bias, recurrent part; the second LSTM's weight and bias."""
    lstm, width = decoder.attention_lstm, decoder.options.prenet_channels
    first = lstm.weight_ih[:, :width]
    rest = torch.cat([lstm.weight_ih[:, width:], lstm.weight_hh], 1)
    if decoder.options.decoder_lstms == 1:
        return first, lstm.bias_ih + lstm.bias_hh, rest, None, None
    second = decoder.decoder_lstm
    weight = torch.cat([second.weight_ih, second.weight_hh], 1)
    return first, lstm.bias_ih + lstm.bias_hh, rest, weight, second.bias_ih + second.bias_hh
