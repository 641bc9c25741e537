#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# site.sh — proves that `make site` makes a page of every document and manual page, and that each of their links
# leads to a file and a heading that are there
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
cd "$SCRATCH"

# The pages come from build/man: beside other tests, which make them, too, the site goes to a folder of its own.
makes_the_site() {
	make -s -C "$TOP" man
	"$TOP/share/make-site" site
	(($(find site -name '*.html' | wc -l) > 35))
}

every_document_has_a_page() {
	local document page
	for document in "$TOP"/docs/*.md "$TOP"/docs/engines/*.md; do
		page=${document#"$TOP/"}
		page=${page/README.md/index.md}
		[[ -s site/${page%.md}.html ]] || { echo "no page of $document" && return 1; }
	done
	for document in "$TOP"/share/man/*.in; do
		page=${document##*/}
		[[ $page != *.1.in ]] || page=guest-installer-$page
		[[ -s site/man/${page%.in}.html ]] || { echo "no page of $document" && return 1; }
	done
}

# broken_links FOLDER — the links that lead nowhere, as `PAGE: LINK`.
broken_links() {
	python3 - "$1" <<-'END'
		import glob, html, os, re, sys, urllib.parse
		os.chdir(sys.argv[1])
		names, links = {}, []
		for page in glob.glob("**/*.html", recursive=True):
		    text = open(page, encoding="utf-8").read()
		    names[page] = set(map(html.unescape, re.findall(r'\bid="([^"]*)"', text)))
		    links += [(page, html.unescape(link)) for link in re.findall(r'\b(?:href|src)="([^"]*)"', text)]
		for page, link in links:
		    if re.match(r"\w+:", link):
		        continue
		    path, _, anchor = link.partition("#")
		    target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
		    if not os.path.isfile(target) or (anchor and urllib.parse.unquote(anchor) not in names[target]):
		        print(f"{page}: {link}")
	END
}

every_link_leads_somewhere() {
	broken_links site | tee broken
	[[ ! -s broken ]]
}

a_broken_link_is_found() {
	mkdir two
	# shellcheck disable=SC2016 # text
	printf '<h2 id="here">x</h2><a href="b.html#there">x</a><a href="#here">x</a><a href="c.html">x</a>' >two/a.html
	printf '<h2 id="other">x</h2><a href="a.html#here">x</a>' >two/b.html
	[[ $(broken_links two | xargs) == 'a.html: b.html#there a.html: c.html' ]]
}

run_case "make site makes its pages" makes_the_site
run_case "every document and manual page has a page" every_document_has_a_page
run_case "a broken link is found" a_broken_link_is_found
run_case "every link leads to a file and a heading" every_link_leads_somewhere
