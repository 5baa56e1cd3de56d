"""An embedded exchange put together: its folder, its process, and what talks to it on this machine.

Here the rooms meet: ledger's venue and store, por's trees, bundles and chain clients, the clock. What flows in: signed
commands over a local socket, blocks, the passing of hours. What flows out: answers, one bundle an hour, a public site.
"""
