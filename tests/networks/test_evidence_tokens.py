"""Evidence as tokens: what is hidden says nothing, alone or in the sum."""

import torch

from plait.networks.evidence_tokens import EvidenceTokens


def make():
    torch.manual_seed(0)
    return EvidenceTokens(num_columns=3, num_components=5, num_outputs=2, dim=8).eval()


def test_a_hidden_column_says_nothing():
    tokens = make()
    components, scores = torch.randn(4, 3, 5), torch.randn(4, 3, 4)
    keep = torch.tensor([[True, False, True]] * 4)
    other = components.clone(), scores.clone()
    other[0][:, 1] += 1.0
    other[1][:, 1] += 1.0
    first, second = tokens(components, scores, keep)[0], tokens(*other, keep)[0]
    assert torch.equal(first.values, second.values)
    assert first.mask.tolist() == [[True, False, True, True]] * 4
    assert not first.values[:, 1].any()
    whole = [tokens(*pair, keep | True)[0].values for pair in ((components, scores), other)]
    assert not torch.equal(whole[0][:, 3], whole[1][:, 3])


def test_the_joint_token_is_of_the_sum_of_the_kept_parts():
    tokens = make()
    components, scores = torch.zeros(1, 3, 5), torch.randn(1, 3, 4)
    keep = torch.tensor([[True, False, True]])
    values, _ = tokens(components, scores, keep)
    expected = (scores[0, 0, 2:] + scores[0, 2, 2:]) @ tokens.joint + tokens.vectors[3]
    assert torch.allclose(values.values[0, 3], expected)


def test_a_row_with_nothing_is_masked_whole():
    tokens = make()
    values, numbers = tokens(torch.ones(1, 3, 5), torch.ones(1, 3, 4), torch.zeros(1, 3) > 0)
    assert not values.mask.any() and not values.values.any()
    assert numbers.tolist() == [0, 1, 2, 3]


def test_components_are_dropped_in_training_only():
    tokens = make()
    arguments = torch.ones(2, 3, 5), torch.zeros(2, 3, 4), torch.ones(2, 3) > 0
    assert torch.equal(tokens(*arguments)[0].values[0], tokens(*arguments)[0].values[1])
    tokens.train()
    assert not torch.equal(tokens(*arguments)[0].values[0], tokens(*arguments)[0].values[1])
