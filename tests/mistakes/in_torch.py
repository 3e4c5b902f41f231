"""Mistakes of PyTorch users, each seen in public questions in this or a like form."""

from __future__ import annotations

from tests.mistakes.record import Mistake

MEANT = r"did you mean '(\w+)'"

MISTAKES = [
    Mistake("a model for its parameters", "model = nn.Linear(4, 2); o = torch.optim.Adam(«model»)", r"^(model\.parameters\(\))$",
            right="len(o.param_groups[0]['params']) == 2"),
    Mistake("one parameter for a list", "w = nn.Parameter(torch.ones(2)); o = torch.optim.SGD(«w», lr=0.5)", r"^(\[)parameter(\])",
            "{0}w{1}", "o.param_groups[0]['params'][0] is w"),
    Mistake("an option of Keras", "o = torch.optim.SGD([nn.Parameter(torch.ones(2))], «learning_rate»=0.5)", MEANT,
            right="o.param_groups[0]['lr'] == 0.5"),
    Mistake("an option misspelt", "o = torch.optim.Adam([nn.Parameter(torch.ones(2))], «beta»=(0.5, 0.9))", MEANT,
            right="o.param_groups[0]['betas'] == (0.5, 0.9)"),
    Mistake("a class in a Sequential", "net = nn.Sequential(nn.Linear(4, 2), nn.«ReLU»); y = net(X)", r"write (\w+\(\))",
            right="bool((y >= 0).numpy().all())"),
    Mistake("a list in a Sequential", "net = nn.Sequential(«»[nn.Linear(4, 2), nn.ReLU()]); y = net(X)", r"nn.Sequential\((\*)layers\)",
            right="tuple(y.shape) == (12, 2)"),
    Mistake("features of a norm", "norm = «nn.BatchNorm1d(3)»; y = norm(X)", r"(nn.BatchNorm1d\(4\))", right="tuple(y.shape) == (12, 4)"),
    Mistake("a mean of whole numbers", "m = Y«».mean()", r"use (\.float\(\))", right="float(m) == 1.0"),
    Mistake("a second backward", "w = nn.Parameter(torch.ones(3)); l = (w * w).sum(); l.backward(«»); l.backward()",
            r"(retain_graph=True)", right="w.grad.tolist() == [4, 4, 4]"),
    Mistake("backward of many", "w = nn.Parameter(torch.ones(3)); l = w * 2; l«».backward()", r"(sum)", ".{0}()",
            "w.grad.tolist() == [2, 2, 2]"),
    Mistake("numpy of what requires grad", "w = nn.Parameter(torch.ones(3)); a = w«.numpy()»", r"(\.detach\(\)\.numpy\(\))",
            right="a.tolist() == [1, 1, 1]"),
    Mistake("a view of a transpose", "y = X.t().«view»(48)", r"use \.(reshape)", right="y.tolist() == X.numpy().T.ravel().tolist()"),
    Mistake("a graphics card", 'net = nn.Linear(4, 2).to("«cuda»"); y = net(X)', r"use '(\w+)'", right="tuple(y.shape) == (12, 2)"),
    Mistake("a device misspelt", 'x = X.to("«gpu»")', r"use '(\w+)'", right="tuple(x.shape) == (12, 4)"),
    Mistake("targets without the last axis", "p = nn.Linear(4, 1)(X); targets = X[:, 0]\n"
            "l = F.binary_cross_entropy_with_logits(p, «targets»)", r"^(targets\[\.\.\., None\])$", right="l.shape == ()"),
    Mistake("targets with one axis more", "p = X[:, 0]; targets = X[:, :1]; l = F.binary_cross_entropy_with_logits(p, «targets»)",
            r"^(targets\[\.\.\., 0\])$", right="l.shape == ()"),
    Mistake("keys of a model in another", "a = nn.Linear(4, 2); b = nn.Sequential(nn.Linear(4, 2)); state_dict = a.state_dict()\n"
            "b.load_state_dict(«state_dict»)", r"(\{'0\.' \+ key.*\})$", right="bool((a.weight == b[0].weight).numpy().all())"),
    Mistake("keys of a wrapped model", "a = nn.Linear(4, 2); b = nn.Sequential(nn.Linear(4, 2)); state_dict = b.state_dict()\n"
            "a.load_state_dict(«state_dict»)", r"(\{key\.removeprefix.*\})$", right="bool((a.weight == b[0].weight).numpy().all())"),
    Mistake("no forward", "class Net(nn.Module):\n    def «run(self, x)»:\n        return x\ny = Net()(X)",
            r"write `def (forward\(self, x\)): ", right="y is X"),
    Mistake("whole numbers that are trained", "w = torch.tensor([«1», 2], requires_grad=True)", r"write (1\.0) for 1",
            right="str(w.dtype).endswith('float32')"),
    Mistake("a number of many", "float(«X»)", ""),
    Mistake("the truth of many", "assert «X > 0»", ""),
    Mistake("a matrix that does not fit", "torch.ones(2, 3) @ «torch.ones(2, 3)»", ""),
    Mistake("sizes that do not join", "torch.cat([torch.ones(2, 3), «torch.ones(2, 2)»])", ""),
]  # fmt: skip
