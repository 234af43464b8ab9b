import type { VNode } from 'preact'
import {
  emptyRuns,
  fieldGroups,
  runKindOf,
  runKinds,
  valueAt,
  type Document,
  type Field,
} from '../model/form.ts'

export interface FormProps {
  readonly document: Document
  readonly isNew: boolean
  /** The YAML cannot be read: the form waits. */
  readonly isBroken: boolean
  readonly onChange: (path: readonly string[], value: unknown) => void
}

/** The document field by field. */
export function Form(props: FormProps): VNode {
  const { document, isNew, isBroken, onChange } = props
  const kind = runKindOf(document)
  return (
    <fieldset class="form" disabled={isBroken}>
      <legend class="unseen">form</legend>
      {fieldGroups(document, isNew).map(({ title, fields }) => (
        <section key={title} aria-label={title}>
          <h2>{title}</h2>
          {title === 'What' ? (
            <div class="field">
              <label htmlFor="field-run">runs</label>
              <select
                id="field-run"
                value={kind}
                onChange={({ currentTarget }) => onChange(['run'], emptyRuns[currentTarget.value])}
              >
                {kind === '' ? <option value="">something else</option> : null}
                {runKinds.map((one) => (
                  <option key={one} value={one}>
                    {one === 'exec'
                      ? 'a command'
                      : one === 'shell'
                        ? 'a shell script'
                        : 'an HTTP request'}
                  </option>
                ))}
              </select>
            </div>
          ) : null}
          {fields.map((field) => (
            <Input
              key={field.key}
              field={field}
              value={valueAt(document, field.path)}
              onChange={(value) => onChange(field.path, value)}
            />
          ))}
        </section>
      ))}
    </fieldset>
  )
}

interface InputProps {
  readonly field: Field
  readonly value: unknown
  readonly onChange: (value: unknown) => void
}

function Input({ field, value, onChange }: InputProps): VNode {
  const { kind, label, hint } = field
  if (kind === 'check') {
    return (
      <label class="check">
        <input
          type="checkbox"
          checked={field.read(value) !== ''}
          onChange={({ currentTarget }) =>
            onChange(field.write(currentTarget.checked ? 'true' : ''))
          }
        />
        {label}
      </label>
    )
  }
  return (
    <div class="field">
      <label htmlFor={idOf(field)}>{label}</label>
      <TextInput field={field} value={value} onChange={onChange} />
      {hint === undefined ? null : (
        <small id={`${idOf(field)}-hint`} class="quiet">
          {hint}
        </small>
      )}
    </div>
  )
}

const idOf = ({ key }: Field): string => `field-${key}`

function TextInput({ field, value, onChange }: InputProps): VNode {
  const { kind, choices = [], placeholder, read, write } = field
  const text = read(value)
  const named = {
    id: idOf(field),
    ...(field.hint === undefined ? {} : { 'aria-describedby': `${idOf(field)}-hint` }),
  }
  const take = (given: string): void => onChange(write(given, value))
  if (kind === 'choice') {
    return (
      <select {...named} value={text} onChange={({ currentTarget }) => take(currentTarget.value)}>
        {choices.map((one) => (
          <option key={one} value={one}>
            {one === '' ? 'usual' : one}
          </option>
        ))}
      </select>
    )
  }
  // written when the field is left: half a word is no value, and the cursor stays where it is
  return kind === 'area' ? (
    <textarea
      {...named}
      rows={Math.max(2, text.split('\n').length)}
      value={text}
      placeholder={placeholder}
      spellcheck={false}
      onChange={({ currentTarget }) => take(currentTarget.value)}
    />
  ) : (
    <input
      {...named}
      value={text}
      placeholder={placeholder}
      spellcheck={false}
      onChange={({ currentTarget }) => take(currentTarget.value)}
    />
  )
}
