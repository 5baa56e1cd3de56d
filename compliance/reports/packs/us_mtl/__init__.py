KINDS = ()


def pack(data, kind=""):
    raise NotImplementedError
