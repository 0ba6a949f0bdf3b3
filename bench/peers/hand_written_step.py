"""Time the best hand-written PyTorch training step of equilibrium propagation: the peer to beat.

No autograd, no modules: preallocated tensors, in-place operations, the clamped input's drive computed once
per batch, each weight kept in both orientations, plain SGD (one rate per layer) inside the step.
Equations, for a batch of B rows (s_0 the input, s_L = o the output, y the one-hot target):

    drive_k = s_{k-1} W_{k-1} + s_{k+1} W_k^T + b_k             all layers at once (synchronous)
    p-*     s_k <- sigma(drive_k), sigma(u) = sigmoid(4 u - 2)  nudged: o <- sigma(drive_o + beta (y - o))
    e-500   s_k <- clamp(s_k + (drive_k - s_k) / 2, 0, 1)       nudged: drive_o + beta (y - o)
    T1 free steps from zero states give s, T2 nudged ones from there s' (beta = 0.5), then
    W_k += r_k (s'_k^T s'_{k+1} - s_k^T s_{k+1}) / (beta B)     W_0: one product, s_0^T (s'_1 - s_1)
    b_k += r_k sum over rows of (s'_k - s_k) / (beta B)

    bp-512      hand-written backpropagation with the same sigma and half the squared error
    conv-mnist  s1 = rho(pool(x * K1) + K2 *^T unpool(s2)), s2 = rho(pool(s1 * K2) + o V^T), o = rho(s2 V),
                and biases; rho = clamp to [0, 1], 5x5 kernels, 2x2 maximum pools. "public-like" convolves
                the clamped input in every relaxation step, as published code does; "hand-written" once.

Odd and even layers live in two blocks, so that the neighbours of a layer are adjacent columns, and one
product with the stacked weights [W_{k-1}; W_k^T] gives its whole drive. Routes of the products: "openblas"
(or whichever BLAS torch has) is torch's addmm_; "onednn" is sgemm of the oneDNN library that torch has loaded;
"mixed" is oneDNN except for products with a side of at most 16; "torch" (convolutions) is torch's own choice.

Run on an otherwise idle machine, with the packages python3-torch and libopenblas0-pthread:
    python3 bench/peers/hand_written_step.py [--json] [--only NAME] [--batch N] [--threads N] [--all-routes]

Inputs are synthetic (81 % zeros, the rest uniform, as MNIST; all products are dense). A cell is the median over
at least --seconds (2) after a warm-up, of the fastest route unless --all-routes is given; batches 20 and 128.
"""
import argparse
import ctypes
import json
import os
import subprocess
import sys
import time
from functools import partial
from itertools import groupby
from operator import itemgetter

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--json", action="store_true")
parser.add_argument("--all-routes", action="store_true")
parser.add_argument("--only")
parser.add_argument("--batch", type=int, action="append")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=2.0)
parser.add_argument("--route", help=argparse.SUPPRESS)
args = parser.parse_args()


def run_all():
    """One process per route: torch reads the thread settings when it is loaded."""
    rows = []
    for route in ("blas", "onednn", "mixed", "torch"):
        blas, omp = (str(args.threads), "1") if route == "blas" else ("1", str(args.threads))
        pin = "false" if route == "blas" else "true"  # pinning would put the BLAS's own threads on one core
        env = {**os.environ, "OPENBLAS_NUM_THREADS": blas, "OMP_NUM_THREADS": omp, "OMP_PROC_BIND": pin}
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            if "avx512f" in info.read():
                env["ATEN_CPU_CAPABILITY"] = "avx512"  # Debian's build stays at 256 bits unless asked
        command = [sys.executable, __file__, *sys.argv[1:], "--route", route]
        rows += json.loads(subprocess.check_output(command, env=env))
    rows.sort(key=itemgetter("workload", "batch", "implementation", "msPerStep"))
    if not args.all_routes:
        cell = itemgetter("workload", "batch", "implementation")
        rows = [next(group) for _, group in groupby(rows, cell)]
    if args.json:
        print(json.dumps(rows, indent=1))
    for row in [] if args.json else rows:
        print("{workload:12}{batch:5}  {implementation:13}{route:9}{msPerStep:9.3f} ms{p10Ms:9.3f} p10".format(**row))


if args.route is None:
    sys.exit(run_all())

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

BETA, RATE = 0.5, 0.01
try:
    sgemm = ctypes.CDLL("libdnnl.so.2").dnnl_sgemm
    char, size, real, pointer = ctypes.c_char, ctypes.c_int64, ctypes.c_float, ctypes.c_void_p
    sgemm.argtypes = [char, char, size, size, size, real, pointer, size, pointer, size, real, pointer, size]
except OSError:
    sgemm = None


def product(route, c, a, b, alpha=1.0, beta=1.0):
    """A call that does c = beta c + alpha a b on views bound now."""
    (m, k), n = a.shape, b.shape[1]
    if route == "blas" or (route == "mixed" and min(m, n, k) <= 16):
        return partial(c.addmm_, a, b, alpha=alpha, beta=beta)
    flag_a, ld_a = (b"N", a.stride(0)) if a.stride(1) == 1 else (b"T", a.stride(1))
    flag_b, ld_b = (b"N", b.stride(0)) if b.stride(1) == 1 else (b"T", b.stride(1))
    operands = (a.data_ptr(), ld_a, b.data_ptr(), ld_b, beta, c.data_ptr(), c.stride(0))
    call = partial(sgemm, flag_a, flag_b, m, n, k, alpha, *operands)
    call.keeps = (c, a, b)  # the call itself has only their addresses
    return call


def samples(batch):
    x = torch.rand(batch, 784) * (torch.rand(batch, 784) > 0.81)
    return x, F.one_hot(torch.randint(10, (batch,)), 10).float()


def uniform(rows, columns):
    return (torch.rand(rows, columns) * 2 - 1) / rows ** 0.5


def relaxation(sizes, free, nudged, energy, batch, route):
    """The calls of a step of equilibrium propagation; energy picks the update of e-500."""
    x, y = samples(batch)
    gain, offset = (0.5, 0.0) if energy else (4.0, -2.0)  # the drive enters as gain * drive + offset
    depth, rate = len(sizes) - 1, RATE / (BETA * batch)
    column, width = [0] * (depth + 1), [0, 0]  # of a layer in its parity's block; of a block
    for k in range(1, depth + 1):
        column[k], width[k % 2] = width[k % 2], width[k % 2] + sizes[k]

    def layers(flat, low, high):  # neighbours in one parity's block; the odd block comes first
        rows = flat.numel() // sum(width)
        block = flat[:rows * width[1]] if low % 2 else flat[rows * width[1]:]
        return block.view(rows, -1)[:, column[low]:column[high] + sizes[high]]

    # states, arguments of sigma, their constant part, free states, s' - s
    s, u, c, f, d = torch.zeros(5, batch * sum(width)).unbind()
    out_s, out_u, out_c = (layers(t, depth, depth) for t in (s, u, c))
    bias, change = torch.full((sum(width),), offset), torch.zeros(sum(width))  # gain * b + offset
    first, *_ = weights = [uniform(sizes[k], sizes[k + 1]) for k in range(depth)]
    drives, start, updates = [], [s.zero_], [partial(torch.sub, s, f, out=d)]
    for k in (1, 2):
        last = depth - (depth - k) % 2
        start.append(partial(layers(c, k, last).copy_, layers(bias, k, last)))
        updates.append(partial(torch.sum, layers(d, k, last), 0, keepdim=True, out=layers(change, k, last)))
    updates += [partial(bias.add_, change, alpha=gain * rate), product(route, first, x.t(), layers(d, 1, 1), rate)]
    start.append(product(route, layers(c, 1, 1), x, first, gain))
    for k in range(1, depth + 1):
        near = [j for j in (k - 1, k + 1) if 1 <= j <= depth]
        stack = torch.cat([weights[j] if j < k else weights[k].t() for j in near])
        drives.append(product(route, layers(u, k, k), layers(s, near[0], near[-1]), stack, gain))
        for j, part in zip(near, stack.split([sizes[j] for j in near])):
            updates.append(product(route, part, layers(s, j, j).t(), layers(s, k, k), rate))
            updates.append(product(route, part, layers(f, j, j).t(), layers(f, k, k), -rate))
    begin = partial(torch.add, c, s, alpha=0.5, out=u) if energy else partial(u.copy_, c)
    end = partial(torch.clamp, u, 0, 1, out=s) if energy else partial(torch.sigmoid, u, out=s)
    between = [partial(f.copy_, s), partial(out_c.add_, y, alpha=gain * BETA)]
    nudge = partial(out_u.add_, out_s, alpha=-gain * BETA)
    return start + [begin, *drives, end] * free + between + [begin, *drives, nudge, end] * nudged + updates


def backpropagation(batch, route):
    x, y = samples(batch)
    w0, w1 = uniform(784, 512), uniform(512, 10)
    b0, b1 = torch.full((512,), -2.0), torch.full((10,), -2.0)  # 4 b - 2
    h, dh, o, do = (torch.empty(batch, n) for n in (512, 512, 10, 10))
    db0, db1, rate = torch.empty(512), torch.empty(10), 4.0 * RATE / batch  # a delta is d loss / d (4 u - 2)
    slope = torch.ops.aten.sigmoid_backward.grad_input
    return [
        partial(h.copy_, b0), product(route, h, x, w0, 4.0), h.sigmoid_,
        partial(o.copy_, b1), product(route, o, h, w1, 4.0), o.sigmoid_,
        partial(torch.sub, o, y, out=do), partial(slope, do, o, grad_input=do),
        product(route, dh, do, w1.t(), 4.0, 0.0), partial(slope, dh, h, grad_input=dh),
        product(route, w0, x.t(), dh, -rate), product(route, w1, h.t(), do, -rate),
        partial(torch.sum, dh, 0, out=db0), partial(b0.add_, db0, alpha=-4.0 * rate),
        partial(torch.sum, do, 0, out=db1), partial(b1.add_, db1, alpha=-4.0 * rate)]


class Convolution:
    def __init__(self, batch, once):
        self.once = once
        x, self.y = samples(batch)
        self.x = x.view(batch, 1, 28, 28)
        self.k1 = uniform(25, 32).t().reshape(32, 1, 5, 5).contiguous()
        self.k2 = uniform(800, 64).t().reshape(64, 32, 5, 5).contiguous()
        self.v = uniform(1024, 10)
        self.b1, self.b2, self.b3 = self.biases = torch.zeros(32), torch.zeros(64), torch.zeros(10)
        self.zeros = tuple(torch.zeros(batch, *shape) for shape in ((32, 12, 12), (64, 4, 4), (10,)))

    def relax(self, state, steps, beta):
        (s1, s2, o), below = state, None
        for _ in range(steps):
            if below is None or not self.once:
                below, at1 = F.max_pool2d(F.conv2d(self.x, self.k1, self.b1), 2, return_indices=True)
            d2, at2 = F.max_pool2d(F.conv2d(s1, self.k2, self.b2), 2, return_indices=True)
            d1 = F.conv_transpose2d(F.max_unpool2d(s2, at2, 2), self.k2).add_(below)
            d2.add_(torch.mm(o, self.v.t()).view_as(d2))
            d3 = torch.addmm(self.b3, s2.flatten(1), self.v).add_(self.y - o, alpha=beta)
            s1, s2, o = d1.clamp_(0, 1), d2.clamp_(0, 1), d3.clamp_(0, 1)
        return (s1, s2, o), (at1, at2)

    def step(self):
        free = self.relax(self.zeros, 20, 0.0)
        nudged = self.relax(free[0], 4, BETA)
        for ((s1, s2, o), (at1, at2)), sign in ((nudged, 1), (free, -1)):
            rate = sign * RATE / (BETA * len(self.x))
            g1, g2 = F.max_unpool2d(s1, at1, 2), F.max_unpool2d(s2, at2, 2)
            self.k1.add_(torch.nn.grad.conv2d_weight(self.x, self.k1.shape, g1), alpha=rate)
            self.k2.add_(torch.nn.grad.conv2d_weight(s1, self.k2.shape, g2), alpha=rate)
            self.v.addmm_(s2.flatten(1).t(), o, alpha=rate)
            for bias, s in zip(self.biases, (s1, s2, o)):
                bias.add_(s.flatten(2).sum((0, 2)) if s.dim() > 2 else s.sum(0), alpha=rate)


def measure(calls):
    """Median and 10th percentile of a step, a list of calls, in milliseconds."""
    for seconds in (0.2 * args.seconds, args.seconds):  # the first round warms up
        times, until = [], time.perf_counter() + seconds
        while time.perf_counter() < until or len(times) < 5:
            start = time.perf_counter()
            for call in calls:
                call()
            times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    return times[len(times) // 2], times[len(times) // 10]


WORKLOADS = [
    ("p-512", "hand-written", partial(relaxation, [784, 512, 10], 30, 10, False)),
    ("p-512-short", "hand-written", partial(relaxation, [784, 512, 10], 20, 4, False)),
    ("e-500", "hand-written", partial(relaxation, [784, 500, 10], 20, 4, True)),
    ("p-512x2", "hand-written", partial(relaxation, [784, 512, 512, 10], 30, 10, False)),
    ("p-1024x5", "hand-written", partial(relaxation, [784, *[1024] * 5, 10], 30, 10, False)),
    ("bp-512", "hand-written", backpropagation),
    ("conv-mnist", "public-like", lambda batch, route: [Convolution(batch, once=False).step]),
    ("conv-mnist", "hand-written", lambda batch, route: [Convolution(batch, once=True).step]),
]


def main():
    torch.set_num_threads(1 if args.route == "blas" else args.threads)
    rows, route = [], args.route
    if route == "blas":
        with open("/proc/self/maps", encoding="utf-8") as maps:
            loaded = maps.read()
        route = next((name for name in ("mkl", "blis", "openblas") if "lib" + name in loaded), route)
    for workload, implementation, make in WORKLOADS:
        mine = (workload == "conv-mnist") == (args.route == "torch") and args.only in (None, workload)
        for batch in (args.batch or (20, 128)) if mine and (sgemm or args.route in ("blas", "torch")) else ():
            torch.manual_seed(1)
            median, tenth = measure(make(batch=batch, route=args.route))
            rows.append({
                "workload": workload, "batch": batch, "implementation": implementation, "route": route,
                "msPerStep": round(median, 4), "p10Ms": round(tenth, 4),
                "torch": torch.__version__, "threads": args.threads})
    print(json.dumps(rows))


with torch.no_grad():
    main()
