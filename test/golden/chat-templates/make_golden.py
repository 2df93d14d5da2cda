"""Renders chat templates and single expressions with transformers, for the specs of src/language/jinja.

Run from the repository root with Python packages `transformers` 5 and `jinja2`:
    python test/golden/chat-templates/make_golden.py
Writes golden.json beside itself. A result is the rendered text, or `null` where transformers raises an error.
"""

import json
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

HERE = Path(__file__).parent
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}

CONVERSATIONS = {
    "question": [("user", "Hola, què és això?")],
    "system": [("system", "Sé breu."), ("user", "Hi")],
    "turns": [("user", " Bon dia\n"), ("assistant", "  Bon dia!"), ("user", "Adéu  ")],
    "markup": [("user", "a <|im_end|> b {{ x }} {% y %} 'q' \"r\" \\n")],
    "thought": [("user", "one\ntwo"), ("assistant", "<think>\nno\n</think>\n\n  Yes.\n"), ("user", "<tool_response>x</tool_response>")],
    "roles": [("user", "a"), ("user", "b")],
}

# Each renders the messages of a conversation; what differs is the construct of the language.
TEMPLATES = {
    "string concatenation": "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "default system message": "{%- if date_string is not defined %}{%- set date_string = '2024-09-30' %}{%- endif %}{%- if messages[0].role == 'system' %}{%- set system = messages[0].content %}{%- set messages = messages[1:] %}{%- else %}{%- set system = 'Today Date: ' + date_string %}{%- endif %}{{ '<|im_start|>system\n' + system + '<|im_end|>\n' }}{% for m in messages %}{%- if m.role not in ['user', 'assistant'] -%}{{ raise_exception('unknown role ' ~ m.role) }}{%- endif -%}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}",
    "alternating roles": "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% elif m.role == 'assistant' %}{{ m.content + eos_token }}{% else %}{{ raise_exception('Only user and assistant') }}{% endif %}{% endfor %}",
    "required system message": "{% if messages[0].role != 'system' %}{{ raise_exception('system first') }}{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
    "trim": "{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content | trim + '<|im_end|>\n' }}{% endfor %}",
    "whitespace control": "\n  {%- for m in messages %}\n    {{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}\n  {%- endfor %}\n  {%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n  {%- endif %}\n",
    "blocks on lines": "{% for m in messages %}\n<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\n   {% if add_generation_prompt %}\n<|im_start|>assistant\n{% endif %}\n\n",
    "windows line ends": "{% for m in messages %}\r\n<|{{ m.role }}|>\r\n{{ m.content }}\r\n{% endfor %}\r\n",
    "comments": "{# first #}\n{%- for m in messages -%}\n{#- inner -#}  {{ m.role }}: {{ m.content }}{# last #}\n{% endfor %}",
    "generation tag": "{% for m in messages %}\n\n  {% if m.role == 'assistant' %}\n\n  {% generation %}\n\n  {%- if m.content is string %}{{- m.content }}{%- endif %}<|im_end|>\n\n  {% endgeneration %}\n  {% else %}{{ m.content }}{%- generation -%} x {% set y = 1 %} {%- endgeneration %}{{ y }}{% endif %}{% endfor %}",
    "namespace": "{% set ns = namespace(n=0, seen=[]) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set ns.seen = ns.seen + [m.role] %}{{ ns.n ~ ':' ~ m.content ~ '\n' }}{% endfor %}{{ ns.seen | join(',') }}",
    "scope of set": "{% set x = 'outer' %}{% for m in messages %}{{ x }}{% set x = m.role %}{{ x }}{% if true %}{% set y = 'if' %}{% endif %}{{ y }}{% endfor %}{{ x }}{{ y }}",
    "block set": "{% set header %}<|{{ messages[0].role }}|>{% set inner = 1 %}{% endset %}{{ header }}{{ inner }}{{ header | length }}{{ messages[0].content }}",
    "macro": "{% macro turn(role, content='', end='<|im_end|>') %}<|im_start|>{{ role }}\n{{ content }}{{ end }}\n{% endmacro %}{% for m in messages %}{{ turn(m.role, content=m.content) }}{{ turn('note', m.role, end='') }}{% endfor %}",
    "recursive macro": "{% macro count(n) %}{% if n > 0 %}{{ n }}{{ count(n - 1) }}{% endif %}{% endmacro %}{{ count(4) }}{{ messages[-1].content }}",
    "macro with a default from outside": "{% set mark = '*' %}{% macro m(a, b=mark) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(messages[0].content) }}{{ m('x', 'y') }}",
    "call block": "{% macro box(title) %}[{{ title }}|{{ caller() }}|{{ caller() }}]{% endmacro %}{% call box(messages[0].role) %}{{ messages[0].content }}{% endcall %}",
    "call block with arguments": "{% macro each(items) %}{% for i in items %}{{ caller(i, loop.index) }}{% endfor %}{% endmacro %}{% call(m, n) each(messages) %}{{ n }}={{ m.content }};{% endcall %}",
    "filter block": "{% for m in messages %}{% filter replace('s', 'z') %}  {{ m.role }}  {% endfilter %}{{ m.content }}{% endfor %}",
    "break and continue": "{% for m in messages %}{% if loop.index0 == 2 %}{% break %}{% endif %}<{{ m.role }}>{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.content }}{% endfor %}!",
    "continue after output": "{% for m in messages %}{{ m.content }}{% continue %}{{ m.role }}{% endfor %}",
    "loop variables": "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.cycle('a', 'b') }}{{ loop.changed(m.role) }}{{ loop.previtem.role if loop.previtem is defined }}{{ loop.nextitem.role if loop.nextitem is defined }};{% endfor %}",
    "nested loops": "{% for m in messages %}{% set outer = loop %}{% for c in m.content[:2] %}{{ outer.index }}.{{ loop.index }}{{ c }}{{ loop.depth }}{% endfor %}{% endfor %}",
    "loop with a condition": "{% for m in messages if m.role == 'user' %}{{ loop.index }}/{{ loop.length }} {{ m.content }}\n{% else %}none{% endfor %}{% for m in messages if m.role == 'tool' %}{{ m }}{% else %}none{% endfor %}",
    "loop over pairs": "{% for key, value in messages[0].items() %}{{ key }}={{ value }};{% endfor %}{% for key in messages[0] %}{{ key }}{% endfor %}{% for k, v in messages[0] | dictsort %}{{ k }}{% endfor %}{% for i, j in [[1, 2], (3, 4)] %}{{ i + j }}{% endfor %}",
    "reversed slice": "{% for m in messages[::-1] %}{{ m.content }}{% endfor %}{% for m in messages | reverse %}{{ m.role }}{% endfor %}{{ messages[0].content[::-2] }}{{ messages[0].content[1:4] }}{{ messages[-1].content[-3:] }}",
    "thought stripped": "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' and '</think>' in m.content %}{{ m.content.split('</think>')[-1].lstrip('\n') }}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "thought kept apart": "{% for m in messages %}{% set content = m.content %}{% set thought = '' %}{% if '</think>' in content %}{% set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}{% set content = content.split('</think>')[-1].lstrip('\n') %}{% endif %}{{ thought.strip() ~ '|' ~ content }}{% endfor %}",
    "tool responses": "{%- set ns = namespace(last=messages | length - 1, looking=true) %}{%- for m in messages[::-1] %}{%- set index = (messages | length - 1) - loop.index0 %}{%- if ns.looking and m.role == 'user' and m.content is string and not (m.content.startswith('<tool_response>') and m.content.endswith('</tool_response>')) %}{%- set ns.looking = false %}{%- set ns.last = index %}{%- endif %}{%- endfor %}{{ ns.last }}{{ messages[ns.last].content }}",
    "content replaced": "{% for m in messages %}{{ m.content | replace('\n', ' ') | replace('o', '0', 1) }}{{ m.content.replace('a', '<') }}{% endfor %}",
    "content in upper case": "{% for m in messages %}{{ m.role | upper }}{{ m.content | upper }}{{ m.content.lower() }}{{ m.content | title }}{{ m.content | capitalize }}{% endfor %}",
    "message printed": "{{ messages }}{{ messages[0] }}{{ messages | string }}",
    "message as JSON": "{{ messages | tojson }}{{ messages[0] | tojson(indent=2) }}{{ messages | tojson(ensure_ascii=True) }}{{ messages[0] | tojson(separators=(',', ':'), sort_keys=true) }}",
    "format filter": "{% for m in messages %}{{ '%s: %s\n' | format(m.role, m.content) }}{{ '%(r)s' | format(r=m.role) }}{% endfor %}{{ '%05d|%-4d|%.2f|%5s|%%' | format(42, 7, 1.5, 'a') }}",
    "percent operator": "{% for m in messages %}{{ '%s=%s;' % (m.role, m.content) }}{{ '<%s>' % m.content }}{% endfor %}",
    "str.format": "{% for m in messages %}{{ '{}: {}'.format(m.role, m.content) }}{{ '{1}{0}{{}}'.format('a', 'b') }}{{ '{name}'.format(name=m.role) }}{% endfor %}",
    "join": "{% for m in messages %}{{ ['<|', m.role, '|>', m.content] | join }}{% endfor %}{{ messages | map(attribute='role') | join(', ') }}{{ messages | join('/', attribute='content') }}{{ '-'.join(['a', 'b']) }}",
    "selection": "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ messages | rejectattr('role', '==', 'user') | map(attribute='content') | list }}{{ messages | selectattr('name') | list }}{{ messages | selectattr('role', 'in', ['user', 'system']) | map(attribute='role') | join }}{{ messages | map(attribute='name', default='-') | join }}",
    "dict.get": "{% for m in messages %}{{ m.get('role') }}{{ m.get('name', '') }}{{ m.get('name') }}{{ m['content'] }}{{ m.keys() | list }}{% endfor %}",
    "tools": "{%- if tools is not none and tools | length > 0 %}{{ tools }}{%- endif %}{%- if documents %}{{ documents }}{%- endif %}{{ tools is defined }}{{ tools is none }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "special tokens": "{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ pad_token }}{{ sep_token }}{{ sep_token is defined }}{% for m in messages %}{{ m.content + eos_token }}{% endfor %}",
    "conditional expressions": "{% for m in messages %}{{ 'U' if m.role == 'user' else 'A' if m.role == 'assistant' else 'S' }}{{ 'x' if m.role == 'tool' }}{{ m.content if m.content else '' }}{% endfor %}",
    "content of parts or strings": "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for c in m.content %}{% if c.type == 'image' or 'image' in c %}<image>{% elif 'text' in c %}{{ c.text }}{% endif %}{% endfor %}{% endif %}{% endfor %}",
    "parts selected": "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' ' }}{% for c in m['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>' }}{% endfor %}{% for c in m['content'] | selectattr('type', 'equalto', 'text') %}{{ '\n' + c['text'] }}{% endfor %}{{ '<|im_end|>' }}{% endfor %}",
    "iterable and mapping": "{% for m in messages %}{{ m.content is string }}{{ m.content is iterable }}{{ m.content is sequence }}{{ m is mapping }}{{ m.content is mapping }}{% endfor %}",
    "message names": "{% for m in messages %}{{ m.name is defined }}{{ m.name | default('nobody') }}{{ m.name or 'none' }}{{ m['name'] }}{% endfor %}",
    "attribute of undefined": "{{ messages[0].name.first }}",
    "call of undefined": "{{ nothing() }}",
    "sum with undefined": "{{ 'a' + nothing }}",
    "string and list": "{{ 'a' + messages }}",
    "mutation": "{% set x = [] %}{{ x.append(1) }}{{ x }}",
    "division by zero": "{{ 1 / 0 }}",
    "unknown filter": "{{ messages | nothing }}",
}

# Printed one by one.
EXPRESSIONS = """
none, true, false, True, False, None
1, -1, 1.0, 1.5, -0.0, 7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 / 2, 2 ** 10, 2 ** -1, 1 + 2.0, 10 // 3.0
0.1 + 0.2, 100000000000000000.0, 0.00001, 1 == 1.0, true + 1, 3 * 'ab', 'ab' * 2, [1] * 3, -(3), +2
'a' ~ 1 ~ none ~ true ~ 1.0, 'a' 'b', "it's", 'say "x"', 'both \\' and "', 'tab\\t|', '\\u00e9', '\\\\'
['a', "it's", 'é', '\\n', '\\x00', '\\u200b', none, 1.0, true, [], {}, {'k': 'v'}, ('a', 1)]
[1, 2] + [3], (1, 2), ('a', 'b') | list, {'a': 1, 'b': [2]}, {'a': 1}['a'], {'a': 1}.b is defined
'abc'[0], 'abc'[-1], 'abc'[1:], 'abc'[:-1], 'abc'[::-1], 'abc'[5] is defined, 'a😀b'[1], 'a😀b' | length, [1, 2, 3][1:][0], [1, 2][-1]
'a' in 'abc', 'd' not in 'abc', 1 in [1, 2], 'k' in {'k': 1}, 'a' in nothing, none in [none], [1] in [[1]]
1 < 2, 'a' < 'b', 'Z' < 'a', 2 >= 2, 'a' != 'b', [1] == [1], {'a': 1} == {'a': 1}, none == false, 1 == true
not true, not '', not nothing, true and 'x', '' or 'y', none and 1, 0 or [] or 'z', not 1 == 2
nothing, nothing is defined, nothing | default('d'), '' | default('d'), '' | default('d', true), none | default('d'), nothing | length, nothing | list, nothing ~ 'x', nothing == none
'x' if true else 'y', 'x' if false, ('x' if nothing else 'y') ~ 'z'
' a '.strip(), 'xxaxx'.strip('x'), ' a '.lstrip() ~ '|', ' a '.rstrip() ~ '|', '\\x1ca\\x85'.strip() | length, '\\ufeffa'.strip() | length, 'abcba'.strip('ab')
'a,b,,c'.split(','), 'a b  c '.split(), ' a b '.split(' '), 'a,b,c'.split(',', 1), 'a,b,c'.rsplit(',', 1), 'a b c'.split(none, 1), ''.split(), ''.split(','), 'a\\nb\\r\\nc\\n'.splitlines(), 'a\\nb'.splitlines(true)
'abc'.startswith('ab'), 'abc'.startswith(('x', 'a')), 'abc'.endswith('c'), 'abc'.endswith('')
'aXbX'.replace('X', '-'), 'aXbX'.replace('X', '-', 1), 'ab'.replace('', '-'), 'aaa'.replace('aa', 'b')
'Hello world'.title(), 'hELLO'.capitalize(), 'ß'.upper(), 'ΑΣ'.lower(), "it's o'clock".title(), 'ÀB'.lower(), 'ǆ'.upper(), 'hello'.casefold()
'abcabc'.find('c'), 'abc'.find('x'), 'abcabc'.rfind('c'), 'a😀b'.find('b'), 'abcabc'.count('b'), 'abc'.index('c'), 'a-b-c'.partition('-'), 'a-b-c'.rpartition('-'), 'abc'.partition('x')
'12'.isdigit(), 'a1'.isalnum(), 'abc'.isalpha(), '²'.isdigit(), ' '.isspace(), 'AB'.isupper(), 'ab'.islower(), ''.isdigit(), '½'.isnumeric(), 'prefix-a'.removeprefix('prefix-'), 'a.txt'.removesuffix('.txt')
'a' | upper, 'A' | lower, 'a b' | title, 'aB c' | capitalize, ' a ' | trim, 'xax' | trim('x'), 'ab' | length, 'ab' | count, [1, 2] | length, {'a': 1} | length
'a\\nb\\n\\nc' | indent, 'a\\nb' | indent(2), 'a\\nb' | indent(2, true), 'a\\n\\nb' | indent(1, blank=true), 'a\\nb' | indent('> ')
[3, 1, 2] | sort, ['b', 'A', 'c'] | sort, ['b', 'A', 'c'] | sort(case_sensitive=true), [1, 2, 3] | sort(reverse=true), [{'n': 2}, {'n': 1}] | sort(attribute='n')
[1, 2, 3] | first, [1, 2, 3] | last, [] | first is defined, 'abc' | first, [1, 2, 1] | unique | list, ['a', 'A'] | unique | list, [1, 2, 3] | reverse | list, 'abc' | reverse, 'abc' | list, {'a': 1} | list
[1, 2, 3] | sum, [1.5, 2] | sum, [{'n': 2}, {'n': 3}] | sum(attribute='n'), [1, 2, 3] | max, ['b', 'a'] | min, [] | max is defined
[1, 2, 3, 4] | select('even') | list, [1, 2, 3] | reject('odd') | list, [0, 1, '', 'a'] | select | list, [1, 5] | select('gt', 2) | list, [1, none] | reject('none') | list, [1, 2, 3, 6] | select('divisibleby', 3) | list
['a', 'b'] | map('upper') | join, [' a '] | map('trim') | list, [{'a': {'b': 1}}] | map(attribute='a.b') | list, [[1, 2], [3, 4]] | map(attribute=0) | list, ['a', 'b'] | map('replace', 'a', 'c') | list
[1, 2, 3, 4, 5] | batch(2) | list, '42' | int, '4.7' | float, 'x' | int, 'x' | int(7), 4.7 | int, '1.5' | int, true | int, -4.7 | int, 3 | float, 2.5 | round, 3.5 | round, 2.345 | round(2), 2.1 | round(0, 'ceil'), 2.9 | round(method='floor'), -3 | abs, 3 | string, none | string
[1, 'a', none, true, 1.5, {'k': 'é'}] | tojson, 'a"b\\n' | tojson, '</script>' | tojson, [] | tojson(indent=2), {'b': 1, 'a': 2} | tojson(sort_keys=true), {'a': [1, {'b': 2}]} | tojson(indent=4), 'é' | tojson(ensure_ascii=true), [1, 2] | tojson(separators=(',', ':'))
{'b': 1, 'a': 2} | dictsort, {'a': 1} | items | list, {'a': 1}.items() | list, {'a': 1, 'b': 2}.values() | list, {'a': none}.get('a', 'x'), {'a': 1}.get('b', 'x'), {'items': 5}['items'], dict(a=1, b='c'), dict({'a': 1}, b=2)
3 is odd, 4 is even, 9 is number, 1.5 is float, 1 is integer, true is integer, true is boolean, true is number, 'a' is string, none is none, nothing is undefined, [] is iterable, {} is mapping, 'a' is sequence, 'a' is lower, 'A' is upper, range is callable, 5 is iterable, 1 is true, true is true
range(3) | list, range(1, 4) | list, range(10, 0, -3) | list, range(0) | list, [range(2) | list, 'x']
'the quick  brown' | wordcount, 'a' | safe, joiner(', ')() ~ 'x', namespace(a=1).a, [1, [2, [3]]], 'x' | attr('upper') is defined
'%d%%' % 5, '%s' % none, '%s-%s' % ('a', 1), '%05.1f' % 3.14159, '%i' % 3.9, '%3d|' % 5, '{}'.format(none), '{0}{0}'.format('a'), '%s' % [1, 'a']
""".strip().split("\n")


def split_expressions(line):
    """Splits a line at commas outside of brackets and quotes."""
    parts, depth, quote, start = [], 0, None, 0
    index = 0
    while index < len(line):
        character = line[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = None
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(line[start:index].strip())
            start = index + 1
        index += 1
    return [*parts, line[start:].strip()]


def render(template, messages):
    try:
        rendered, _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=True, **SPECIAL)
        return rendered[0]
    except Exception:
        return None


def main():
    conversations = {
        f"{name}, {style}": [
            {"role": role, "content": text if style == "strings" else [{"type": "text", "text": text}]} for role, text in turns
        ]
        for name, turns in CONVERSATIONS.items()
        for style in ("strings", "parts")
    }
    golden = {
        "conversations": conversations,
        "templates": [
            {"name": name, "template": template, "rendered": [render(template, messages) for messages in conversations.values()]}
            for name, template in TEMPLATES.items()
        ],
        "expressions": [
            {"expression": expression, "printed": render("{{ " + expression + " }}", [])}
            for line in EXPRESSIONS
            for expression in split_expressions(line)
        ],
    }
    text = json.dumps(golden, ensure_ascii=True, separators=(",", ":")).replace('},{"', '},\n{"')
    (HERE / "golden.json").write_text(text + "\n", "utf8")
    print(len(golden["templates"]) * len(conversations), "renderings,", len(golden["expressions"]), "expressions,",
          sum(e["printed"] is None for e in golden["expressions"]), "errors")


main()
