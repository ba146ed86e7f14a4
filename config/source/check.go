package source

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const (
	maxDepth  = 200    // brackets in brackets; people write fewer than ten
	maxTokens = 20_000 // of one expression between two commas or newlines, and elements of one list
	shortText = 16_000 // bytes, in which there is no room for more tokens
)

// Check says what in a piece of native syntax goes beyond the limits; nil where
// nothing does. The library's parser and its expressions recurse, and a stack
// that overflows cannot be caught.
func Check(src []byte, filename string, start hcl.Pos) *hcl.Diagnostic {
	if harmless(src) {
		return nil
	}
	if len(src) > MaxPiece {
		return tooMuch(hcl.Range{Filename: filename, Start: start, End: start},
			fmt.Sprintf("A block, or a file that cannot be taken apart into blocks, may have at most %d MiB. Read large data from a file instead, with file() or jsondecode().", MaxPiece>>20))
	}
	tokens, _ := hclsyntax.LexConfig(src, filename, start) // what is wrong is said by the parser
	return checkTokens(tokens)
}

// CheckTemplate is Check for the text of a string in JSON syntax, which holds a
// template, or an expression.
func CheckTemplate(text []byte, at hcl.Range) *hcl.Diagnostic {
	if harmless(text) {
		return nil
	}
	tokens, _ := hclsyntax.LexTemplate(text, at.Filename, at.Start)
	d := checkTokens(tokens)
	if d != nil {
		d.Subject = &at
	}
	return d
}

// harmless texts have too few brackets, and are too short, to go beyond a limit.
func harmless(src []byte) bool {
	if len(src) > shortText {
		return false
	}
	brackets := 0
	for _, c := range src {
		if c == '(' || c == '[' || c == '{' || c == '!' || c == '-' || c == '?' {
			brackets++
		}
	}
	return brackets < maxDepth
}

func tooMuch(at hcl.Range, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Too large or too deep", Detail: detail, Subject: &at}
}

// level is an open bracket or text.
type level struct {
	kind   hclsyntax.TokenType
	tokens int // since the last comma or newline
	prefix int // signs before an operand, which nest as brackets do
	commas int
}

// checkTokens measures how deep brackets nest and how long expressions are.
func checkTokens(tokens hclsyntax.Tokens) *hcl.Diagnostic {
	levels := []level{{kind: hclsyntax.TokenOBrace}}
	for i := range tokens {
		t := &tokens[i]
		top := &levels[len(levels)-1]
		top.count(t.Type)
		if top.tokens > maxTokens {
			return tooMuch(t.Range, fmt.Sprintf("One expression may have at most %d parts. Take it apart into local values.", maxTokens))
		}
		if top.commas > maxTokens {
			return tooMuch(t.Range, fmt.Sprintf("A list may have at most %d elements. Read large data from a file instead.", maxTokens))
		}
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
			hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			levels = append(levels, level{kind: t.Type})
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
			hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			if len(levels) > 1 {
				levels = levels[:len(levels)-1]
			}
		}
		if top = &levels[len(levels)-1]; len(levels)+top.prefix > maxDepth {
			return tooMuch(t.Range, fmt.Sprintf("Brackets, signs and texts may be nested at most %d deep. Take the expression apart into local values.", maxDepth))
		}
	}
	return nil
}

// count counts what makes an expression deep: in a text its sequences alone.
func (l *level) count(t hclsyntax.TokenType) {
	switch t {
	case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion:
		l.prefix++
	case hclsyntax.TokenComma:
		l.tokens, l.prefix = 0, 0
		l.commas++
	case hclsyntax.TokenNewline:
		if l.kind == hclsyntax.TokenOBrace {
			l.tokens, l.prefix = 0, 0
		}
	}
	if isText := l.kind == hclsyntax.TokenOQuote || l.kind == hclsyntax.TokenOHeredoc; !isText || t == hclsyntax.TokenTemplateControl {
		l.tokens++
	}
}

// maxLoops is how deep "for" may be nested in a string of a file in JSON
// syntax. In native syntax their work is counted when they are evaluated.
const maxLoops = 2

// checkLoops refuses what could be evaluated for hours.
func checkLoops(text []byte, at hcl.Range) *hcl.Diagnostic {
	tokens, _ := hclsyntax.LexTemplate(text, at.Filename, at.Start)
	var levels []int // by open bracket: the loops around it
	loops := 0
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			levels = append(levels, loops)
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			if n := len(levels); n > 0 {
				loops, levels = levels[n-1], levels[:n-1]
			}
		case hclsyntax.TokenIdent:
			if opened := i > 0 && (tokens[i-1].Type == hclsyntax.TokenOBrace || tokens[i-1].Type == hclsyntax.TokenOBrack); opened && string(t.Bytes) == "for" {
				loops++
			}
		}
		if loops > maxLoops {
			return tooMuch(at, fmt.Sprintf("In JSON syntax \"for\" may be nested at most %d deep. Take the expression apart into local values.", maxLoops))
		}
	}
	return nil
}
