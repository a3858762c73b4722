"""Plain tables, columns as wide as they need to be."""


def show(rows):
    """The first row is the heading; the first column is text, the others stand right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if at == 0 else cell.rjust(width)
                 for at, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def machine():
    """One line on where this was measured."""
    import os
    import platform
    model = "an unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    load = os.getloadavg()[0]
    return (f"{os.cpu_count()} × {model}, Linux {platform.release()}, "
            f"load {load:.1f} when it began")
