"""karin-tui in a browser: a small web server that runs one karin-tui for each browser that looks.

textual-serve (the extra ``karin[web]``) brings the terminal for the browser, its fonts and the packets; who may come
in, when a session ends and the page itself are karin's own. Nothing is fetched from anywhere else.
"""
