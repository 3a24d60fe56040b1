/** The only source of chance. Seeded in tests. */
export interface Random {
  /** Uniform in [0, 1). Not for secrets. */
  next(): number;
  /** 128 random bits as 32 lowercase hex digits; from a secure generator outside tests. */
  id(): string;
}
