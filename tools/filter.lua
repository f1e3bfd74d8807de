--[[ From GitHub's Markdown to Typst: says what the one cannot say and mends what pandoc loses. The Markdown's conventions:

  # Title, then *one paragraph in italics*   title and byline; <!-- author: NAME --> anywhere names the author of the PDF
  ![what the picture shows](figures/x.svg)   alone in its paragraph, a figure; the text is what a screen reader says
  ![...](figures/x.svg "80 %")               the same, smaller in the PDF
  *Figure 1: A caption with $math$.*         the paragraph after it is its caption (after a table: *Table 1: ...*)
  *Checked by symbols.*                      a paragraph that begins so, after a heading: a note in the margin beside it
  > **To learn.** $formula$                  a quotation is a box, lightly tinted
  ## Appendix A: ...                         from this heading on, type is smaller
  ---                                        a new page in the PDF, which otherwise ends its pages where it costs least
  [p.](#heading-id)                          a link on GitHub, the heading's page number in the PDF
  [a file](../README.md)                     a link on GitHub, plain text in the PDF, which travels alone
]]

local function written(block)
  return (pandoc.write(pandoc.Pandoc { block }, 'typst', pandoc.WriterOptions { wrap_text = 'wrap-none' }):gsub('%s+$', ''))
end

local function typst(inlines)
  return written(pandoc.Plain(inlines))
end

local function quoted(text)
  return '"' .. text:gsub('[\\"]', '\\%0'):gsub('%s+', ' ') .. '"'
end

-- Alternative text is TeX with words for commands. A command that is not listed is said by its name: \partial, \sum, \sigma.
local words = {
  ['='] = 'equals', ['+'] = 'plus', ['-'] = 'minus', ['/'] = 'over', ["'"] = 'prime', ['^'] = 'to the', ['_'] = 'sub',
  sqrt = 'square root of', nabla = 'gradient', cdot = 'times', odot = 'elementwise times', top = 'transposed', mid = 'given',
  le = 'at most', ge = 'at least', ne = 'is not', neq = 'is not', approx = 'approximately', Rightarrow = 'implies',
  mapsto = 'maps to', dots = 'and so on', ldots = 'and so on', cdots = 'and so on', vdots = 'and so on', ddots = 'and so on',
}
for silent in ([[mathbf boldsymbol mathrm mathcal mathbb mathsf mathtt text textbf texttt operatorname boxed left right big Big
  bigg Bigg bigl bigr Bigl Bigr underbrace overbrace quad qquad displaystyle limits hline lVert rVert]]):gmatch '%a+' do
  words[silent] = ''
end

local function aloud(tex)
  local found
  tex = tex:gsub('\\([dt]?frac)%s*(%d)(%d)', '\\%1{%2}{%3}')
  repeat tex, found = tex:gsub('\\[dt]?frac%s*(%b{})%s*(%b{})', ' %1 over %2 ') until found == 0
  tex = tex:gsub('\\begin{array}%b{}', ''):gsub('\\begin{.?(matrix)}', ' %1 '):gsub('\\begin{(cases)}', ' %1 ')
  tex = tex:gsub('\\begin%b{}', ''):gsub('\\end%b{}', ''):gsub('\\\\%[.-%]', '; '):gsub('\\\\', '; '):gsub('\\[,;:!]', ' ')
  tex = tex:gsub('\\(%a+)', function(name) return ' ' .. (words[name] or name) .. ' ' end)
  tex = tex:gsub("[-=+/'^_]", function(sign) return ' ' .. words[sign] .. ' ' end):gsub('[{}&~\\]', ' ')
  return (tex:gsub('%s+', ' '):gsub(' to the transposed', ' transposed'):gsub(' ([,;.)])', '%1'):gsub('^ ', ''):gsub(' $', ''))
end

-- Every quotient in full size, but for those in indices, in exponents and within other quotients.
local function full_size(tex)
  tex = tex:gsub('\\frac%s*(%d)(%d)', '\\frac{%1}{%2}')
  tex = tex:gsub('([%^_]%s*)(%b{})', function(mark, script) return mark .. script:gsub('\\frac', '\\tfrac') end)
  return (tex:gsub('\\frac(%s*%b{}%s*%b{})', '\\dfrac%1'))
end

-- What texmath drops travels through it in disguise: a fraction's size and an array as accents that nothing here wears; the gap
-- between pairs of aligned columns, or in cases, as a space.
local function disguised(tex, rules)
  for command, accent in pairs { tfrac = 'breve', dfrac = 'check' } do
    tex = tex:gsub('\\' .. command .. '%s*(%d)(%d)', '\\' .. command .. '{%1}{%2}')
    tex = tex:gsub('\\' .. command .. '%s*(%b{})%s*(%b{})', '\\' .. accent .. '{\\frac%1%2}')
  end
  tex = tex:gsub('\\[bB]igg?l%f[%A]', '\\left'):gsub('\\[bB]igg?r%f[%A]', '\\right')
  tex = tex:gsub('\\begin{array}{(.-)}(.-)\\end{array}', function(columns, body)
    local row, horizontal, vertical = 0, '', ''
    for mark in body:gmatch('\\[\\h]l?') do
      if mark == '\\\\' then row = row + 1 elseif mark == '\\hl' then horizontal = horizontal .. row .. ',' end
    end
    for column in columns:gmatch('()|') do vertical = vertical .. select(2, columns:sub(1, column):gsub('%a', '')) .. ',' end
    table.insert(rules, ('display(mat(delim: #none, augment: #(hline: (%s), vline: (%s)),'):format(horizontal, vertical))
    return '\\acute{\\begin{pmatrix}' .. body:gsub('\\hline', '') .. '\\end{pmatrix}}'
  end)
  tex = tex:gsub('\\begin{cases}.-\\end{cases}', function(cases) return (cases:gsub('&', '\\quad &')) end)
  return (tex:gsub('(\\begin{aligned})(.-)(\\end{aligned})', function(first, body, last)
    local column = 0
    body = body:gsub('(\\begin(%b{}).-\\end%2)', function(inner) return (inner:gsub('&', '\0')) end)
    body = body:gsub('\\?[\\&]', function(mark)
      column = mark == '\\\\' and 0 or mark == '&' and column + 1 or column
      return mark == '&' and column % 2 == 0 and '\\qquad &' or nil
    end)
    return first .. body:gsub('%z', '&') .. last
  end))
end

function Math(math)
  local rules = {}
  local body = typst { pandoc.Math(math.mathtype, disguised(full_size(math.text), rules)) }
  if body:match '^\\%$' then error('pandoc cannot read this formula:\n' .. math.text) end
  body = body:gsub('breve%(', 'inline('):gsub('caron%(', 'display('):gsub('acute%(mat%(delim: "%(",', function()
    return table.remove(rules, 1)
  end)
  -- pandoc rounds the widths of \; and \! to whole ems, uses old names of symbols, and sets a box as a display of its own.
  body = body:gsub('#h%(0em%)', 'thick'):gsub('#h%(%-1em%)', '#h(-3em/18)'):gsub('(%a)%.circle', '%1.o')
  body = body:gsub('#box%(stroke: black, inset: 3pt, ', '#answer(')
  return pandoc.RawInline('typst', ('#math.equation(block: %s, alt: %s, %s)'):format(
    math.mathtype == 'DisplayMath', quoted(aloud(math.text)), body))
end

function Str(str)
  if str.text:match '%$' then error('a stray dollar sign (a formula must not begin or end with a space): ' .. str.text) end
end

function Link(link)
  local heading = link.target:match '^#(.*)'
  if heading then
    return pandoc.utils.stringify(link) == 'p.' and pandoc.RawInline('typst', '#page-of(<' .. heading .. '>)') or nil
  elseif not link.target:match '^%a+:' then
    return link.content
  end
end

-- What a paragraph consists of, if that is one picture or one emphasis.
local function only(kind, block)
  return block and block.t == 'Para' and #block.content == 1 and block.content[1].t == kind and block.content[1] or nil
end

-- The caption that follows a figure or a table. Its number is typed, for GitHub has no other, and checked.
local numbers = { Figure = 0, Table = 0 }
local function caption(kind, block)
  local text = only('Emph', block)
  local number = text and pandoc.utils.stringify(text):match('^' .. kind .. ' (%d+): ')
  if not number then return nil end
  numbers[kind] = numbers[kind] + 1
  if tonumber(number) ~= numbers[kind] then error(kind .. ' ' .. number .. ' should be ' .. kind .. ' ' .. numbers[kind]) end
  return text.content
end

-- What was checked, in the margin beside the heading before it.
local function note(block)
  local text = only('Emph', block)
  return text and pandoc.utils.stringify(text):match '^Checked' and text.content
end

-- The blocks with what belongs to them: a caption, or a note in the margin.
local function with_belongings(blocks)
  local found, index = {}, 1
  while blocks[index] do
    local block, following = blocks[index], blocks[index + 1]
    local kind = only('Image', block) and 'Figure' or block.t == 'Table' and 'Table'
    local one = { block = block, caption = kind and caption(kind, following), note = block.t == 'Header' and note(following) }
    table.insert(found, one)
    index = index + ((one.caption or one.note) and 2 or 1)
  end
  return found
end

local function in_typst(one)
  local block, image = one.block, only('Image', one.block)
  if image then
    return ('#figure(scale(%s%%, reflow: true, image(%s, alt: %s)), caption: [%s])'):format(image.title:match '%d+' or 100,
      quoted(image.src), quoted(pandoc.utils.stringify(image.caption)), one.caption and typst(one.caption) or '')
  elseif one.caption then
    block.caption = { long = { pandoc.Plain(one.caption) } }
  elseif block.t == 'Header' then
    block.level = block.level - 1
  end
  return written(block) .. (one.note and '\n#margin-note[' .. typst(one.note) .. ']' or '')
end

-- Whether a paragraph is text, not a picture or a displayed formula (which is raw Typst by now).
local function is_text(block)
  local first = block.t == 'Para' and block.content[1]
  return first and first.t ~= 'Image' and not (first.t == 'RawInline' and first.text:match '^#math.equation%(block: true')
end

-- What it costs to end a page between two blocks; a page of which a third stays empty costs 1. A heading and a sentence
-- without its end never lose what follows them, and a sentence that goes on never loses what it goes on from.
local function cost_between(block, following, in_answer)
  if following.t == 'HorizontalRule' then return 'always' end
  if block.t == 'Header' then return 'never' end
  if following.t == 'Header' then return '0' end
  if is_text(block) and not pandoc.utils.stringify(block):match '[.!?’”)]$' then return 'never' end
  if is_text(following) and pandoc.utils.stringify(following.content[1]):match '^%l' then return 'never' end
  return in_answer and '2' or '0.3'
end

function Pandoc(doc)
  local title, byline = doc.blocks[1], only('Emph', doc.blocks[2])
  if not title or title.t ~= 'Header' then error 'the Markdown does not begin with its title' end
  local author, small, in_answer = '', '', false
  local pieces = { ('(never, [#std.title()\n\n%s\n\n])'):format(byline and typst(byline.content) or '') }
  doc.blocks:remove(1)
  if byline then doc.blocks:remove(1) end
  local parts = with_belongings(doc.blocks:filter(function(block)
    author = block.t == 'RawBlock' and block.text:match('^<!%-%- author: (.-) %-%->') or author
    return block.t ~= 'RawBlock'
  end))
  for index, one in ipairs(parts) do
    local text = one.block.t == 'Header' and pandoc.utils.stringify(one.block)
    if text then
      in_answer = text:match '%[%d+ points?%]$'
      small = text:match '^Appendix' and '#set text(0.9em)\n' or small
    end
    local following = parts[index + 1]
    local cost = following and cost_between(one.block, following.block, in_answer) or '0'
    if one.block.t ~= 'HorizontalRule' then table.insert(pieces, ('(%s, [%s%s\n\n])'):format(cost, small, in_typst(one))) end
  end
  return pandoc.Pandoc { pandoc.RawBlock('typst', ('#show: write-up.with(title: [%s], author: %s)\n#pages((%s,))'):format(
    typst(title.content), quoted(author), table.concat(pieces, ',\n'))) }
end
