"""What the discriminators look at, computed the long way round."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from ttskit.nn import MultiPeriodDiscriminator, MultiScaleDiscriminator, PeriodDiscriminator, ScaleDiscriminator

SMALL = 1 / 32


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("period", [2, 3, 7])
def test_a_period_discriminator_convolves_every_pth_sample(period):
    torch.manual_seed(0)
    one, audio = PeriodDiscriminator(period, SMALL), noise(2, 1, 7 * 11 * 6)
    maps = one(audio)
    assert len(maps) == 6 and maps[-1].shape[1] == 1
    for phase in range(period):
        x = audio[:, :, phase::period]
        for conv, seen in zip([*one.convs, one.conv_post], maps, strict=True):
            x = F.conv1d(x, conv.product()[..., 0], conv.bias, conv.stride[0], conv.padding[0])
            x = x if conv is one.conv_post else F.leaky_relu(x, 0.1)
            torch.testing.assert_close(seen[..., phase], x, rtol=1e-4, atol=1e-5)


def test_a_length_that_is_no_multiple_of_the_period_is_reflected():
    one, audio = PeriodDiscriminator(5, SMALL), noise(1, 1, 103)
    reflected = torch.cat([audio, audio[:, :, [101, 100]]], dim=2)
    assert all(torch.equal(a, b) for a, b in zip(one(audio), one(reflected), strict=True))


def test_a_scale_discriminator_ends_in_a_score():
    torch.manual_seed(0)
    one, audio = ScaleDiscriminator(spectral=False, scale=SMALL), noise(1, 1, 1024)
    maps = one(audio)
    assert [m.shape[2] for m in maps] == [1024, 512, 256, 64, 16, 16, 16, 16]  # strides 1, 2, 2, 4, 4, 1, 1 and the score's
    x = audio
    for conv, seen in zip([*one.convs, one.conv_post], maps, strict=True):
        x = conv(x) if conv is one.conv_post else F.leaky_relu(conv(x), 0.1)
        torch.testing.assert_close(seen, x)


def test_the_scales_are_the_waveform_halved_and_halved_again():
    torch.manual_seed(0)
    many, audio = MultiScaleDiscriminator(SMALL).eval(), noise(1, 1, 512)
    judged = many(audio)
    for one, maps in zip(many.discriminators, judged, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one(audio), maps, strict=True))
        padded = F.pad(audio, (2, 2))
        audio = padded.unfold(2, 4, 2).mean(3)
    assert "weight_orig" in dict(many.discriminators[0].convs[0].named_parameters())  # the first alone is spectral
    assert all("weight_g" in dict(one.convs[0].named_parameters()) for one in many.discriminators[1:])


def test_the_periods_are_primes_and_names_are_the_papers_code():
    many = MultiPeriodDiscriminator(SMALL)
    assert [one.period for one in many.discriminators] == [2, 3, 5, 7, 11]
    expected = {
        f"discriminators.{i}.{layer}.{part}"
        for i in range(5)
        for layer in (*(f"convs.{k}" for k in range(5)), "conv_post")
        for part in ("bias", "weight_g", "weight_v")
    }
    assert set(many.state_dict()) == expected
    assert len(many(noise(1, 1, 400))) == 5


def test_the_papers_channels():
    """Figure 2 and the appendix: 1024 at the widest; half the scale, half the channels, and grouped ones in sixteens."""
    assert [c.out_channels for c in PeriodDiscriminator(2).convs] == [32, 128, 512, 1024, 1024]
    assert [c.out_channels for c in ScaleDiscriminator(False).convs] == [128, 128, 256, 512, 1024, 1024, 1024]
    assert [c.out_channels for c in PeriodDiscriminator(2, 0.5).convs] == [16, 64, 256, 512, 512]
    assert {c.out_channels % 16 for c in ScaleDiscriminator(False, 0.3).convs} == {0}
